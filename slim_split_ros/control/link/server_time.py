"""
How long the server takes, told apart from the link by the arrivals in its reports.

A frame's answer is ready some time after its arrival (the response, waiting included); its
service begins when the frame before it is done, or at its arrival if the server was idle then.
The server keeps up with one frame a service. Medians: one slow or false answer moves neither.
"""

from collections import OrderedDict, deque
from math import inf

# Beyond this an answer is a lie or a broken clock.
LONGEST_SERVER_S = 10.0
ANSWERS_KEPT = 5
# Frames that arrived and whose answer may still be reported.
MOST_AWAITED = 64
# A report says what was ready before it was sent; it carries milliseconds as float32.
CLOCK_SLACK_S = 2e-3


class ServerTime:
    """
    Follow the last answers; times are of the far clock.

    `response_s` is the time from a frame's arrival to its answer, `service_s` that after which
    the server can begin another frame; both are 0 while unknown.
    """

    def __init__(self) -> None:
        """Start knowing nothing."""
        self.clear()

    def clear(self) -> None:
        """Forget everything: another server, or another clock."""
        self._awaited: OrderedDict[int, float] = OrderedDict()
        self._responses: deque[float] = deque(maxlen=ANSWERS_KEPT)
        self._services: deque[float] = deque(maxlen=ANSWERS_KEPT)
        self._free_s = -inf
        self.response_s = self.service_s = 0.0

    def add_arrival(self, sequence: int, arrival_s: float) -> None:
        """Note a frame that was sent and has arrived: its answer counts, once."""
        self._awaited[sequence] = arrival_s
        if len(self._awaited) > MOST_AWAITED:
            self._awaited.popitem(last=False)

    def add_answers(self, answers: dict[int, float], sent_s: float) -> None:
        """Note what a report sent then says: the response to each frame, in seconds."""
        done = []
        for sequence, response_s in answers.items():
            arrival_s = self._awaited.get(sequence)
            if arrival_s is None or not 0.0 <= response_s <= LONGEST_SERVER_S or \
                    arrival_s + response_s > sent_s + CLOCK_SLACK_S:
                continue
            del self._awaited[sequence]
            done.append((arrival_s + response_s, arrival_s))
        for done_s, arrival_s in sorted(done):
            self._responses.append(done_s - arrival_s)
            if done_s >= self._free_s:
                self._services.append(done_s - max(arrival_s, self._free_s))
                self._free_s = done_s
        if done:
            self.response_s, self.service_s = _median(self._responses), _median(self._services)


def _median(values: deque[float]) -> float:
    """Give the middle value, the lower of two; 0 where there is none."""
    return sorted(values)[(len(values) - 1) // 2] if values else 0.0
