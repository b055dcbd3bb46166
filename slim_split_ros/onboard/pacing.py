"""Which frames of a camera are offered to the link, given `target_fps`."""

# A camera that runs at the target, give or take its clock, loses nothing.
_TOLERANCE = 1.01
# One frame late and the next on time come close together: both are offered.
_LARGEST_CREDIT = 2.0


class Pacer:
    """
    Admit frames at a rate, as a token bucket that one late frame does not upset.

    >>> pacer = Pacer()
    >>> [pacer.admit(index / 30, target_fps=10.0) for index in range(7)]
    [True, True, False, True, False, False, True]
    """

    def __init__(self) -> None:
        self._credit = _LARGEST_CREDIT
        self._last_s: float | None = None

    def admit(self, now_s: float, target_fps: float) -> bool:
        """Say whether the frame that arrived at now_s may go on."""
        if self._last_s is not None:
            earned = (now_s - self._last_s) * target_fps * _TOLERANCE
            self._credit = min(_LARGEST_CREDIT, self._credit + earned)
        self._last_s = now_s
        if self._credit < 1.0:
            return False
        self._credit -= 1.0
        return True
