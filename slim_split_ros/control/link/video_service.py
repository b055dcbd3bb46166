"""
Whether the server decodes video at all, seen from what becomes of the frames.

A server without the decoder refuses each such frame unseen: to the sender they all seem lost.
"""

from collections import deque
from math import inf

# So many frames over so long of which none was decoded are no accident.
MOST_FUTILE, FUTILE_S = 6, 1.5
# Then video is left alone for a while, each time for twice as long.
FIRST_REST_S, LONGEST_REST_S = 2.0, 60.0
# Whose decoding may still be reported.
MOST_AWAITED = 64


class VideoService:
    """
    Say when to leave video alone.

    >>> service = VideoService()
    >>> for sequence in range(20):
    ...     service.on_sent(sequence, now_s=0.1 * sequence)
    >>> service.is_resting(2.0), service.is_resting(4.0)
    (True, False)
    """

    def __init__(self) -> None:
        """Start with trust."""
        self._awaited: deque[int] = deque(maxlen=MOST_AWAITED)
        self._futile = 0
        self._since_s = self._until_s = -inf
        self._rest_s = FIRST_REST_S

    def is_resting(self, now_s: float) -> bool:
        """Say whether frames of the video are not worth a try now."""
        return now_s < self._until_s

    def on_sent(self, sequence: int, now_s: float) -> None:
        """Note a frame of the video that went."""
        self._awaited.append(sequence)
        self._since_s = now_s if self._futile == 0 else self._since_s
        self._futile += 1
        if self._futile >= MOST_FUTILE and now_s - self._since_s > FUTILE_S:
            self._futile, self._until_s = 0, now_s + self._rest_s
            self._rest_s = min(2.0 * self._rest_s, LONGEST_REST_S)

    def on_report(self, answers: dict[int, float], decoded_sequence: int | None) -> None:
        """Note which frames were decoded: the newest, and those answered after some seconds."""
        decoded = {sequence for sequence, answer_s in answers.items() if answer_s >= 0.0}
        if not decoded.union({decoded_sequence}).isdisjoint(self._awaited):
            self._futile, self._rest_s = 0, FIRST_REST_S
            self._awaited.clear()
