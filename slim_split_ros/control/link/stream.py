"""
Which frames the next one of the video coder would need, and how likely they can be decoded.

A frame that is not alone needs the one that its coder made before, and so on, back to the last
that is. One of them lost, none of those after it can be decoded, until a frame is alone again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from slim_split_ros.control.link.arrivals import LinkReportData
from slim_split_ros.control.link.in_flight import Delivery, SentFrame

# A server decodes a frame at the latest when it answers it; give or take a thread that was busy.
LATE_DECODING_S = 0.1
# After so many frames of another coder the picture has changed: a beginning costs no more.
MOST_BETWEEN = 10


class VideoStream:
    """
    Follow the frames since the last one that was alone.

    >>> stream = VideoStream()
    >>> stream.on_sent(SentFrame(0, 0.0, 8000.0), long_side=320, is_alone=True)
    >>> stream.long_side, stream.chance_intact(lambda bits: 0.9)
    (320, 0.9)
    """

    def __init__(self) -> None:
        """Start without a stream: the first frame has to be alone."""
        self.break_off()

    @property
    def long_side(self) -> int | None:
        """Give the size of the pictures that can go on, None where the next has to be alone."""
        return None if self._is_unsent else self._long_side

    def chance_intact(self, survival: Callable[[float], float]) -> float:
        """Give the chance that all that the next frame needs arrives; of bits, `survival`."""
        if self.long_side is None:
            return 0.0
        chance = 1.0
        for frame in self._unknown.values():
            chance *= survival(frame.bits)
        return chance

    def break_off(self) -> None:
        """Know that what the next frame would need cannot be decoded."""
        self._long_side: int | None = None
        self._is_unsent = False
        self._between = 0       # frames of other coders since the last of this one
        self._unknown: OrderedDict[int, SentFrame] = OrderedDict()
        self._arrived: tuple[int, float] | None = None

    def on_encoded(self) -> None:
        """Note that the coder made a frame, to which its next would be bound: sent or not."""
        self._is_unsent = True

    def on_sent(self, frame: SentFrame, long_side: int, is_alone: bool) -> None:
        """Note a frame of this coder that went."""
        if is_alone:
            self.break_off()
            self._long_side = long_side
        self._is_unsent, self._between = False, 0
        if self._long_side is not None:
            self._unknown[frame.sequence] = frame

    def on_other_sent(self) -> None:
        """Note a frame of another coder: the stream stays as it is, for a while."""
        self._between += 1
        if self._between > MOST_BETWEEN:
            self.break_off()

    def on_report(self, deliveries: Iterable[Delivery], lost: Iterable[SentFrame],
                  report: LinkReportData, response_s: float) -> None:
        """
        Learn from a report that is believed; `response_s` is what the server takes to answer.

        What a later frame overtook counts as lost at once: a frame that is alone costs a few
        bytes more, one that cannot be decoded everything.
        """
        if any(frame.sequence in self._unknown for frame in lost):
            self.break_off()
        for delivery in deliveries:
            if delivery.sequence in self._unknown:
                self._arrived = (delivery.sequence, delivery.arrival_s)
                del self._unknown[delivery.sequence]
            if any(frame.sent_s < delivery.sent_s for frame in self._unknown.values()):
                self.break_off()
        if self._arrived is not None and self._is_undecoded(report, response_s):
            self.break_off()

    def _is_undecoded(self, report: LinkReportData, response_s: float) -> bool:
        sequence, arrival_s = self._arrived
        decoded = -1 if report.decoded_sequence is None else report.decoded_sequence
        waited_s = report.sent_s - arrival_s
        return decoded < sequence and waited_s > 2.0 * response_s + LATE_DECODING_S
