"""What a source leaves out because it cannot be read: counted, and said without a growing log."""

from collections.abc import Callable


class Omissions:
    """Say the first omission at once and, after the first round, how many there were."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._count = 0
        self._is_said = False

    def add(self, reason: str) -> None:
        """Count one and, if it is the first, say what cannot be read and why."""
        self._count += 1
        if self._count == 1:
            # File names may be any bytes, the log takes UTF-8.
            self._warn(f'{reason}: it is left out'.encode(errors='backslashreplace').decode())

    def end_round(self) -> None:
        """Say once how many were left out, if more than the one that was named."""
        if self._count > 1 and not self._is_said:
            self._warn(f'{self._count} of this source are left out')
        self._is_said = True
