"""Do the processes that make batches leave the end of a run to the run?"""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
import signal

import pytest

pytest.importorskip('torch')

from slim_split_ros.training.data.batches import BatchPlan, training_batches  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from support.drawn_data import write_drawn_data  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_a_whole_group_takes_no_batch(number: int, tmp_path: Path) -> None:
    write_drawn_data(tmp_path, 'train', 5)
    sources = [load_split(tmp_path, 'train').images]
    batches = training_batches(sources, BatchPlan(4, 128, 0, 0), 0, 12, workers=1)
    next(batches)

    worker, = multiprocessing.active_children()
    os.kill(worker.pid, number)

    assert len(list(batches)) == 11
