"""Answer whether a repeated complaint is written again, and how many were held back."""

from dataclasses import dataclass

DEFAULT_PERIOD_S = 5.0


@dataclass(slots=True)
class _Line:
    written_s: float
    held_back: int = 0


class Throttle:
    """
    Let each kind of complaint through once a period; time is an argument.

    >>> throttle = Throttle(period_s=5.0)
    >>> throttle.admit('cut', 0.0), throttle.admit('cut', 1.0), throttle.admit('cut', 6.0)
    (0, None, 1)
    """

    def __init__(self, period_s: float = DEFAULT_PERIOD_S) -> None:
        self._period_s = period_s
        self._lines: dict[str, _Line] = {}

    def admit(self, kind: str, now_s: float) -> int | None:
        """Return how many of the kind were held back before this one, None to hold it back."""
        line = self._lines.get(kind)
        if line is not None and now_s - line.written_s < self._period_s:
            line.held_back += 1
            return None
        self._lines[kind] = _Line(now_s)
        return line.held_back if line else 0
