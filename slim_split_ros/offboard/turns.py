"""
Whose turn it is among those that wait: deficit round robin by the time that serving takes.

What is served, and how, is not known here.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Hashable
from typing import Generic, TypeVar

Key = TypeVar('Key', bound=Hashable)

# What a round gives to each: the shorter, the sooner everybody has the same; a frame takes 2 to
# 100 ms, and what it takes beyond the credit is a debt that the next rounds pay.
ROUND_S = 0.05
# What is refused at once costs its sender so much: else a flood of it would make a round last.
LEAST_S = 0.001
# Above this a debt is forgiven: one frame that took long, while the machine was busy, shall not
# keep its sender from its turn for as long again with each of the others.
MOST_DEBT_S = 1.0


class ServiceTurns(Generic[Key]):
    """
    Keep an account of service time for each of those that are served.

    Whoever has credit may be served; what serving took is charged afterwards, since nobody knows
    it before. Once nobody who waits has credit, a round is over and everybody gets the same.
    Those who want less than their share save up no more than a round, and what they leave goes to
    the others. Who is new has no credit: joining again and again gains nothing.

    Source: M. Shreedhar, G. Varghese, Efficient Fair Queueing Using Deficit Round-Robin, SIGCOMM
    1995; here with debts, as costs are known late.

    >>> turns = ServiceTurns()
    >>> turns.of_round(['a', 'b'])
    ['a', 'b']
    >>> turns.charge('a', 0.07)
    >>> turns.of_round(['a', 'b']), turns.of_round(['a'])
    (['b'], ['a'])
    """

    def __init__(self) -> None:
        self._credit_s: dict[Key, float] = {}

    def of_round(self, waiting: Collection[Key]) -> list[Key]:
        """Return those of the waiting that may be served in this round, at least one of any."""
        for key in waiting:
            self._credit_s.setdefault(key, 0.0)
        while not (chosen := self._with_credit(waiting)) and waiting:
            for key, credit_s in self._credit_s.items():
                self._credit_s[key] = min(ROUND_S, credit_s + ROUND_S)
        return chosen

    def charge(self, key: Key, service_s: float) -> None:
        """Note what serving took, whatever came of it; each turn has to be charged."""
        self._credit_s[key] = max(
            self._credit_s.get(key, 0.0) - max(service_s, LEAST_S), -MOST_DEBT_S)

    def forget(self, key: Key) -> None:
        """Close an account."""
        self._credit_s.pop(key, None)

    def keep(self, present: Container[Key]) -> None:
        """Close the accounts of all others."""
        self._credit_s = {
            key: credit_s for key, credit_s in self._credit_s.items() if key in present}

    def _with_credit(self, keys: Collection[Key]) -> list[Key]:
        return [key for key in keys if self._credit_s[key] > 0.0]
