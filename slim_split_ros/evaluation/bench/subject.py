"""Times of several systems in one run, by turns: what disturbs the machine disturbs them alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# The wall's time or the processor's, seconds: where others take turns on it, the wall's say
# nothing.
Clock = Callable[[], float]
_WARM_UPS = 3
_MS_PER_S = 1e3


@dataclass(frozen=True, slots=True)
class BenchSubject:
    """
    Hold one system of the comparison; width 0.0 is of what has none.

    `time` treats one frame, uint8 (H, W, 3), BGR, and gives milliseconds by stage.
    """

    name: str
    runtime: str
    width: float
    threads: int
    time: Callable[[np.ndarray], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class BenchRow:
    """Hold what one stage of a system takes, milliseconds."""

    name: str
    stage: str
    runtime: str
    width: float | None
    threads: int
    p50_ms: float
    p95_ms: float


def measure(
    subjects: Sequence[BenchSubject], frames: Sequence[np.ndarray], rounds: int,
    progress: Callable[[range], Iterable[int]] = lambda items: items,
) -> list[BenchRow]:
    """Give each subject the same frame, then all the next one; return a row a stage."""
    times: dict[tuple[int, str], list[float]] = {}
    for number in progress(range(_WARM_UPS + rounds)):
        frame = frames[number % len(frames)]
        for index, subject in enumerate(subjects):
            for stage, value_ms in subject.time(frame).items():
                if number >= _WARM_UPS:
                    times.setdefault((index, stage), []).append(value_ms)
    return [make_row(subjects[index], stage, values_ms)
            for (index, stage), values_ms in sorted(times.items())]


def make_row(subject: BenchSubject, stage: str, values_ms: Sequence[float]) -> BenchRow:
    """Return median and 95th percentile of a stage."""
    p50_ms, p95_ms = np.percentile(values_ms, (50, 95))
    return BenchRow(subject.name, stage, subject.runtime, subject.width or None,
                    subject.threads, round(float(p50_ms), 4), round(float(p95_ms), 4))


def time_ms(clock: Clock, work: Callable[[], object]) -> float:
    """Return what some work takes."""
    started_s = clock()
    work()
    return _MS_PER_S * (clock() - started_s)
