"""What was found in a data set, by kind, so that a thousand of one do not hide another."""

from __future__ import annotations

from collections import Counter

SHOWN_OF_A_KIND = 5


class Findings:
    """
    Collect sentences by kind, and show the first of each.

    >>> faults = Findings()
    >>> for number in range(7):
    ...     faults.add('id', f'images[{number}]: id is missing')
    >>> print(len(faults), *faults.lines()[4:], sep='; ')
    7; images[4]: id is missing; ... and 2 more like it
    """

    def __init__(self) -> None:
        self._shown: dict[str, list[str]] = {}
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._counts.total()

    def add(self, kind: str, sentence: str) -> None:
        """Take one; those of a kind differ only in what they name."""
        self._counts[kind] += 1
        if self._counts[kind] <= SHOWN_OF_A_KIND:
            self._shown.setdefault(kind, []).append(sentence)

    def lines(self) -> list[str]:
        """Return the first sentences of every kind, and how many more of it there are."""
        lines = []
        for kind, shown in self._shown.items():
            lines += shown
            if self._counts[kind] > len(shown):
                lines.append(f'... and {self._counts[kind] - len(shown)} more like it')
        return lines
