"""A run says in which of how many stages it is, and how long all of it will take."""

from __future__ import annotations

import pytest

pytest.importorskip('torch')

from slim_split_ros.training.progress import (  # noqa: E402
    PICTURE_WORK,
    RunPart,
    StageBar,
    run_parts,
)
from slim_split_ros.training.settings import PRESETS  # noqa: E402

pytestmark = pytest.mark.torch


def test_later_stages_count_by_their_steps_batches_and_work() -> None:
    preset = PRESETS['full']
    parts = run_parts(
        {'detector': preset.detector, 'encoder': preset.encoder, 'codec': preset.codec})
    assert [(part.number, part.count) for part in parts.values()] == [(1, 3), (2, 3), (3, 3)]
    codec_in_encoder_steps = (
        preset.codec.steps * preset.codec.batch_size * PICTURE_WORK['codec']
        / (preset.encoder.batch_size * PICTURE_WORK['encoder']))
    assert parts['encoder'].later_steps == pytest.approx(codec_in_encoder_steps)
    assert parts['codec'].later_steps == 0


def test_the_estimate_for_the_whole_run_counts_what_comes_later() -> None:
    def whole(later_steps: float) -> str:
        bar = StageBar([], 'stage 1 of 2, detector', RunPart(1, 2, later_steps), 3, 10)
        bar.start_t -= 60.0  # as if a minute had passed
        bar.n += 2
        text = str(bar)
        bar.close()
        assert text.startswith('stage 1 of 2, detector') and 'step 5/10' in text
        return text.rsplit(', ', 1)[1]

    assert whole(0) == '02:30 of all'
    assert whole(115) == '1:00:00 of all'


def test_before_the_first_step_there_is_no_estimate() -> None:
    bar = StageBar([], 'stage 1 of 1, detector', RunPart(), 0, 10)
    assert '? of all' in str(bar)
    bar.close()
