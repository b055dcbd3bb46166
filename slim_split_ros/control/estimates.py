"""What every policy may know: the link, and how sizes and times compare with the table."""

from dataclasses import dataclass, field

from slim_split_ros.control.link.estimator import LinkEstimator
from slim_split_ros.control.ratio import RatioTracker

# Pictures change over seconds; the frame itself is known once it is encoded.
SIZE_GAIN, SIZE_SPREAD_GAIN, FIRST_SIZE_SPREAD = 0.1, 0.05, 0.2
# A throttled processor has to show within a second: ten frames.
ENCODE_GAIN, ENCODE_SPREAD_GAIN, FIRST_ENCODE_SPREAD = 0.3, 0.1, 0.1


@dataclass(slots=True)
class Estimates:
    """Hold what outlives a change of the settings or of the policy."""

    link: LinkEstimator = field(default_factory=LinkEstimator)
    sizes: RatioTracker = field(default_factory=lambda: RatioTracker(
        SIZE_GAIN, SIZE_SPREAD_GAIN, FIRST_SIZE_SPREAD))
    encoding: RatioTracker = field(default_factory=lambda: RatioTracker(
        ENCODE_GAIN, ENCODE_SPREAD_GAIN, FIRST_ENCODE_SPREAD))
    # What a frame costs before it is encoded (a JPEG's decoding): the same at every point.
    decode_s: float = 0.0

    def note_decoding(self, decode_s: float) -> None:
        """Follow what comes before the encoding as fast as the encoding itself."""
        if 0.0 <= decode_s < float('inf'):
            self.decode_s += ENCODE_GAIN * (decode_s - self.decode_s)
