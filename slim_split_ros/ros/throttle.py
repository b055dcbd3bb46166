"""Answer whether a repeated complaint is written again; time is an argument."""

_PERIOD_S = 5.0


class Throttle:
    """
    Let each kind of complaint through once a period.

    >>> throttle = Throttle(period_s=5.0)
    >>> [throttle.admits('cut', now_s) for now_s in (0.0, 1.0, 6.0)]
    [True, False, True]
    """

    def __init__(self, period_s: float = _PERIOD_S) -> None:
        self._period_s = period_s
        self._written_s: dict[str, float] = {}

    def admits(self, kind: str, now_s: float) -> bool:
        """Say whether one of this kind is written now."""
        if now_s - self._written_s.get(kind, -self._period_s) < self._period_s:
            return False
        self._written_s[kind] = now_s
        return True
