"""What the user asks of the controller, checked once when made."""

from dataclasses import dataclass
from enum import Enum

from slim_split_ros.control.errors import SettingsError


class PolicyName(Enum):
    """Name who chooses; `fixed` sends every frame at the pinned width."""

    AUTO = 'auto'
    PAPER = 'paper'
    AIMD = 'aimd'
    FIXED = 'fixed'


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """
    Hold one valid state of the parameters; `pinned_width` 0.0 lets the policy choose.

    With `alone`, every frame decodes without any other.
    """

    policy: PolicyName = PolicyName.AUTO
    deadline_s: float = 0.3
    target_fps: float = 10.0
    min_width: float = 0.25
    max_width: float = 1.0
    max_bitrate_kbps: float = 0.0
    pinned_width: float = 0.0
    alone: bool = False

    def __post_init__(self) -> None:
        """Refuse what contradicts itself, with a sentence."""
        if not 0.0 < self.deadline_s <= 60.0:
            raise SettingsError(f'deadline_s is {self.deadline_s}, has to be in (0, 60]')
        if not 0.0 < self.target_fps <= 1000.0:
            raise SettingsError(f'target_fps is {self.target_fps}, has to be in (0, 1000]')
        if not 0.0 < self.min_width <= self.max_width <= 1.0:
            raise SettingsError(f'min_width {self.min_width} and max_width {self.max_width} '
                                f'have to be in (0, 1], the first not above the second')
        if not 0.0 <= self.max_bitrate_kbps < float('inf'):
            raise SettingsError(f'max_bitrate_kbps is {self.max_bitrate_kbps}, has to be 0 '
                                f'(no ceiling) or more')
        if not 0.0 <= self.pinned_width <= 1.0:
            raise SettingsError(f'width is {self.pinned_width}, has to be in [0, 1]')
        if self.policy is PolicyName.FIXED and self.pinned_width <= 0.0:
            raise SettingsError('policy fixed needs a width: give --width 0.25, 0.5, 0.75 '
                                'or 1.0')
