"""Where a run of several stages stands, and how long the whole of it will still take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import sys
from typing import Any

from tqdm import tqdm

from slim_split_ros.training.data.batches import Batch
from slim_split_ros.training.settings import StageSettings

# Seconds a picture, in those of the detector's stage, on one thread of an x86-64 server core: they
# only weigh stages that have not begun, in the estimate for the whole.
PICTURE_WORK = {'detector': 1.0, 'encoder': 0.1, 'codec': 0.5,
                'rivals': 1.2, 'static': 0.05, 'nano': 0.2, 'finder': 0.1, 'repairs': 0.3}
REDRAW_SECONDS, REDRAW_SECONDS_IN_A_FILE = 1.0, 60.0
BAR = '{desc} {percentage:3.0f}%|{bar}| step {n}/{total}, {remaining} left, {whole} of all'


@dataclass(frozen=True, slots=True)
class RunPart:
    """The place of a stage in its run; `later_steps` are the other stages' in steps of this."""

    number: int = 1
    count: int = 1
    later_steps: float = 0.0


ALONE = RunPart()


def run_parts(stages: dict[str, StageSettings]) -> dict[str, RunPart]:
    """
    Return the place of each stage of a run, by the names of the objectives.

    >>> half = StageSettings(steps=50, batch_size=16, learning_rate=1e-3)
    >>> run_parts({'detector': half, 'codec': half})['detector']
    RunPart(number=1, count=2, later_steps=25.0)
    """
    step_work = [PICTURE_WORK[name] * settings.batch_size for name, settings in stages.items()]
    stage_work = [work * settings.steps
                  for work, settings in zip(step_work, stages.values(), strict=True)]
    return {name: RunPart(index + 1, len(stages), sum(stage_work[index + 1:]) / step_work[index])
            for index, name in enumerate(stages)}


class StageBar(tqdm):
    """Pass batches on and show how far they are, with the time left for stage and run."""

    def __init__(self, batches: Iterable[Batch], title: str, part: RunPart, first: int, steps: int
                 ) -> None:
        self._later_steps = part.later_steps
        # A file that the output goes to would otherwise get thousands of bars.
        redraw_s = REDRAW_SECONDS if sys.stderr.isatty() else REDRAW_SECONDS_IN_A_FILE
        super().__init__(batches, title, steps, initial=first, mininterval=redraw_s,
                         bar_format=BAR)

    @property
    def format_dict(self) -> dict[str, Any]:
        """Return what BAR may name: that of tqdm, and `whole`, the time left for the run."""
        known = super().format_dict
        done = known['n'] - known['initial']
        steps_left = known['total'] - known['n'] + self._later_steps
        whole = self.format_interval(known['elapsed'] / done * steps_left) if done else '?'
        return {**known, 'whole': whole}
