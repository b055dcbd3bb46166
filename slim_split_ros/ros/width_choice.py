"""Answer which width the next frame gets, and the word that says why."""

from dataclasses import dataclass

from slim_split_ros.ros.onboard_parameters import OnboardSettings


@dataclass(frozen=True, slots=True)
class Choice:
    """State what the next frame is encoded with."""

    width: float
    rate: int
    reason: str


def choose_width(settings: OnboardSettings) -> Choice:
    """Pin the parameter's width, or take the widest that is allowed."""
    if settings.width:
        return Choice(settings.width, 0, 'pinned')
    return Choice(settings.max_width, 0, 'link')
