"""What a soak of a fleet looks at, and how that is counted and said; nothing is started here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import statistics

import psutil

_BYTES_PER_MB = 1e6


@dataclass(frozen=True, slots=True)
class Sizes:
    """State what one process, or several together, hold: memory of their own, and handles."""

    own_mb: float
    threads: int
    files: int
    processes: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Hold one look at everything; frames and drops since the look before."""

    at_s: float
    parts: Mapping[str, Sizes]
    served: int
    dropped: Mapping[str, int]
    longest_queue: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Hold what was done when, and how long after it everybody was served by the cluster."""

    what: str
    at_s: float
    back_s: float | None


def sizes_of(processes: Sequence[psutil.Process]) -> Sizes:
    """Measure processes that may end at any moment."""
    own, threads, files, number = 0, 0, 0, 0
    for process in processes:
        try:
            with process.oneshot():
                own += process.memory_full_info().uss
                threads += process.num_threads()
                files += process.num_fds()
            number += 1
        except psutil.Error:  # it has just ended
            continue
    return Sizes(own / _BYTES_PER_MB, threads, files, number)


def growth_of(values: Sequence[float]) -> float:
    """Return by which share the last quarter is above the first, on average."""
    quarter = max(1, len(values) // 4)
    return statistics.mean(values[-quarter:]) / statistics.mean(values[:quarter]) - 1.0


def line_of(sample: Sample) -> str:
    """Say what was seen, in a line."""
    parts = ', '.join(
        f'{name} {sizes.own_mb:.1f} MB {sizes.threads} threads {sizes.files} files'
        + (f' {sizes.processes} processes' if sizes.processes != 1 else '')
        for name, sizes in sample.parts.items())
    drops = ', '.join(f'{number} {reason}' for reason, number in sample.dropped.items())
    return (f'{sample.at_s:7.0f} s: {parts}; {sample.served} served, dropped {drops or "none"}, '
            f'longest queue {sample.longest_queue}')
