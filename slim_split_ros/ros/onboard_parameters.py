"""Answer which parameters the onboard node has, and which values go together."""

from dataclasses import dataclass

from slim_split_ros.ros.errors import SettingError
from slim_split_ros.ros.parameters import check_rules, parameter
from slim_split_ros.weights import SHIPPED_MODELS

CODECS = tuple(SHIPPED_MODELS)
POLICIES = ('auto', 'paper', 'aimd')
TRANSPORTS = ('raw', 'compressed')
SHIPPED = 'shipped'
CODEC_MEANING = (
    'shipped model that runs, on both sides the same: slim, or ensemble for the one of the '
    'founding paper; a given `model` decides by itself')


@dataclass(frozen=True, slots=True)
class OnboardSettings:
    """Hold one valid state of the onboard node's parameters."""

    width: float = parameter(
        0.0, 'share of the encoder that runs; 0.0 lets the policy choose',
        low=0.0, high=1.0, step=0.25)
    codec: str = parameter(
        'slim', CODEC_MEANING, choices=CODECS, read_only=True)
    policy: str = parameter(
        'auto', 'who chooses the width while `width` is 0.0', choices=POLICIES)
    deadline_ms: int = parameter(
        300, 'from the stamp of the camera to detections back at the robot, milliseconds',
        low=20, high=10_000)
    target_fps: float = parameter(
        10.0, 'frames offered to the link per second at most', low=0.1, high=240.0)
    min_width: float = parameter(
        0.25, 'narrowest width that the policy may choose', low=0.25, high=1.0, step=0.25)
    max_width: float = parameter(
        1.0, 'widest width that the policy may choose', low=0.25, high=1.0, step=0.25)
    max_bitrate_kbps: int = parameter(
        0, 'ceiling over every estimate of the link, kbit/s; 0: none', low=0, high=1_000_000)
    datagram_bytes: int = parameter(
        1200, 'largest chunk, bytes; a frame travels in one message until chunks are sent',
        low=256, high=65_000, read_only=True)
    image_transport: str = parameter(
        'raw', 'raw reads `image`, compressed reads `image/compressed`',
        choices=TRANSPORTS, read_only=True)
    model: str = parameter(
        SHIPPED, 'folder of a model bundle, or a file in it', read_only=True)
    threads: int = parameter(
        1, 'processor threads of the encoder', low=1, high=64, read_only=True)

    def __post_init__(self) -> None:
        check_rules(self)
        if self.min_width > self.max_width:
            raise SettingError(
                f'min_width {self.min_width} is above max_width {self.max_width}: set both '
                'in one request, or the one that widens the range first')
        if self.width and not self.min_width <= self.width <= self.max_width:
            raise SettingError(
                f'width {self.width} lies outside min_width {self.min_width} to max_width '
                f'{self.max_width}: pin one inside, or move the bound first')
