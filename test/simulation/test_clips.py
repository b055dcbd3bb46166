"""Are clips of the simulated camera the frames of a moving hall, with their truth and time?"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from slim_split_ros.simulation import Hall, SettingsError, write_clips


def test_a_clip_holds_the_frames_of_a_hall_without_loss(tmp_path: Path) -> None:
    """Pictures, boxes and times are those of the hall, stepped by hand."""
    annotations = write_clips(tmp_path, 'clips', [4, 2], 0.3, 10.0, 152, 120)

    content = json.loads(annotations.read_text())
    assert [image['sequence'] for image in content['images']] == [4, 4, 4, 2, 2, 2]
    assert [image['timestamp_s'] for image in content['images']] == [0.0, 0.1, 0.2] * 2
    hall = Hall(2, 152, 120)
    for image in content['images'][3:]:
        hall.step(0.1)
        frame = hall.render()
        stored = cv2.imread(str(tmp_path / 'images' / 'clips' / image['file_name']))
        assert np.array_equal(stored, frame.image)
        boxes = [box['bbox'] for box in content['annotations'] if box['image_id'] == image['id']]
        assert np.allclose(np.reshape(boxes, (-1, 4)), frame.boxes)


@pytest.mark.parametrize(('seeds', 'seconds'), [([], 1.0), ([1], 0.05), ([3, 3], 1.0)])
def test_clips_without_frames_or_of_one_name_are_refused(
    tmp_path: Path, seeds: list[int], seconds: float
) -> None:
    """The message says what was asked for."""
    with pytest.raises(SettingsError, match='seeds'):
        write_clips(tmp_path, 'clips', seeds, seconds)
