"""What every policy may know: the link, and how sizes and times compare with the table."""

from dataclasses import dataclass, field

from slim_split_ros.control.link.estimator import LinkEstimator
from slim_split_ros.control.operating_points import OperatingPoint
from slim_split_ros.control.ratio import RatioTracker

# Pictures change over seconds; the frame itself is known once it is encoded.
SIZE_GAIN, SIZE_SPREAD_GAIN, FIRST_SIZE_SPREAD = 0.1, 0.05, 0.2
# A throttled processor has to show within a second: ten frames.
ENCODE_GAIN, ENCODE_SPREAD_GAIN, FIRST_ENCODE_SPREAD = 0.3, 0.1, 0.1


@dataclass(frozen=True, slots=True)
class Busyness:
    """
    Hold how much larger than expected a frame turned out, and whether it was alone.

    A busy picture is so for every coder; what came out large because of motion is not, once it is
    coded alone.
    """

    factor: float = 1.0
    alone: bool = True

    def of(self, point: OperatingPoint) -> float:
        """Give how much larger than expected the same picture is at a point."""
        return self.factor if point.alone is self.alone else 1.0


class SizeRatios:
    """
    Follow how frames' bytes compare with the table, each kind of frame by itself.

    A busy picture costs every coder more, motion only what is not alone: so these two are told
    apart, and one of which nothing is known counts as the other. Told apart by coder as well, one
    whose last frames were large would not be tried again.
    """

    def __init__(self) -> None:
        """Start with the table as it is."""
        self._newest = _new_tracker()
        self._by_kind: dict[bool, RatioTracker] = {}     # by whether frames are alone

    def add(self, message_bytes: float, point: OperatingPoint) -> None:
        """Note a frame that was encoded at a point."""
        self._newest = self._by_kind.setdefault(point.alone, _new_tracker())
        self._newest.add(message_bytes, point.bytes)

    def bits(self, point: OperatingPoint, busyness: Busyness) -> float:
        """Give the size of a picture's frame at a point."""
        return 8.0 * busyness.of(point) * self.expected(point) * point.bytes

    def compared(self, point: OperatingPoint, message_bytes: float) -> Busyness:
        """Compare a frame's size with what was expected of it."""
        return Busyness(message_bytes / point.bytes / self.expected(point), point.alone)

    def expected(self, point: OperatingPoint) -> float:
        """Give how many times the table's bytes the next frame at a point will have."""
        return self._by_kind.get(point.alone, self._newest).expected


@dataclass(slots=True)
class Estimates:
    """Hold what outlives a change of the settings or of the policy."""

    link: LinkEstimator = field(default_factory=LinkEstimator)
    sizes: SizeRatios = field(default_factory=SizeRatios)
    encoding: RatioTracker = field(default_factory=lambda: RatioTracker(
        ENCODE_GAIN, ENCODE_SPREAD_GAIN, FIRST_ENCODE_SPREAD))
    # What a frame costs before it is encoded (a JPEG's decoding): the same at every point.
    decode_s: float = 0.0

    def note_decoding(self, decode_s: float) -> None:
        """Follow what comes before the encoding as fast as the encoding itself."""
        if 0.0 <= decode_s < float('inf'):
            self.decode_s += ENCODE_GAIN * (decode_s - self.decode_s)


def _new_tracker() -> RatioTracker:
    return RatioTracker(SIZE_GAIN, SIZE_SPREAD_GAIN, FIRST_SIZE_SPREAD)
