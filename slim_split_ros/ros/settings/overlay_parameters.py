"""The parameters of the overlay node."""

from dataclasses import dataclass

from slim_split_ros.ros.settings.onboard_parameters import TRANSPORTS
from slim_split_ros.ros.settings.parameters import check_rules, parameter


@dataclass(frozen=True, slots=True)
class OverlaySettings:
    """Hold the parameters of the overlay node."""

    image_transport: str = parameter(
        'raw', 'raw reads `image`, compressed reads `image/compressed`',
        choices=TRANSPORTS, read_only=True)
    images: int = parameter(
        30, 'newest images that are kept until their detections come; more than the way there '
        'and back takes', low=1, high=300, step=1, read_only=True)

    def __post_init__(self) -> None:
        check_rules(self)
