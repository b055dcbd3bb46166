"""Parameters of the emulated link."""

from dataclasses import dataclass

from slim_split_ros.ros.errors import SettingError
from slim_split_ros.ros.settings.parameters import check_rules, parameter


@dataclass(frozen=True, slots=True)
class EmulatedLinkSettings:
    """Hold the parameters of the emulated link."""

    trace: str = parameter(
        '', 'CSV t_s,rate_kbps,delay_ms,loss that the link follows, again and again',
        read_only=True, example='/data/link.csv')
    begins_s: float = parameter(
        0.0, 'when the trace begins, seconds since 1970; 0: when the node starts', low=0.0,
        high=1e11, step=0.001, read_only=True)
    seed: int = parameter(
        0, 'which messages are lost, where the trace loses some', low=0, high=2**31 - 1,
        step=1, read_only=True)

    def __post_init__(self) -> None:
        check_rules(self)
        if not self.trace:
            raise SettingError('trace is empty: name a CSV t_s,rate_kbps,delay_ms,loss')
