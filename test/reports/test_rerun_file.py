"""Does Rerun open what is written for it, and does it find pictures, boxes and figures there?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slim_split_ros.__main__ import main
from slim_split_ros.reports.rerun_file import (
    CAMERA,
    REBUILT,
    LoggedBoxes,
    LoggedFrame,
    RerunFile,
)
from support.rerun_file import logged_rows

pytest.importorskip('rerun', reason='rerun-sdk is not installed (requirements/rerun.txt)')

BOXES = LoggedBoxes(np.array([[4.0, 8.0, 16.0, 32.0]]), ['ball 0.90'])
NONE = LoggedBoxes(np.empty((0, 4)), ())


def test_rerun_opens_the_file_and_finds_everything_on_the_timeline(tmp_path: Path) -> None:
    path = tmp_path / 'new' / 'run.rrd'
    pixels = np.full((48, 64, 3), 127, np.uint8)
    with RerunFile(path, 'test') as file:
        for number in range(5):
            file.add_picture(CAMERA, 0.1 * number, pixels)
            file.add_picture(REBUILT, 0.1 * number, pixels)
            file.add_frame(LoggedFrame(
                0.1 * number, 'answered', 0.5, 700, 1.5, 60.0, 90.0, BOXES, truth=BOXES))
        file.add_frame(LoggedFrame(0.5, 'lost', 0.25, 500, 1.0, None, None, NONE))
        file.hide_picture(CAMERA, 0.5)
        file.add_frame(LoggedFrame(0.6, 'late', None, 0, None, None, None, NONE))

    rows = logged_rows(path, tmp_path)
    # The pictures of five frames, and the end of showing the fifth.
    assert rows.items() >= {
        'camera': 6, 'rebuilt': 5, 'camera/found': 6, 'camera/truth': 5, 'rebuilt/found': 6,
        'bytes': 6, 'width': 6, 'ms/encoding': 6, 'ms/server': 5, 'ms/end_to_end': 5, 'fate': 2,
    }.items()


def test_what_was_there_stays_where_what_it_was_to_show_failed(tmp_path: Path) -> None:
    path = tmp_path / 'run.rrd'
    path.write_bytes(b'of the run before')
    with pytest.raises(KeyboardInterrupt), RerunFile(path, 'test') as file:
        file.add_frame(LoggedFrame(0.5, 'lost', 0.25, 500, 1.0, None, None, NONE))
        raise KeyboardInterrupt
    assert path.read_bytes() == b'of the run before'
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('arguments', [
    ['replay', 'missing', '--rerun', 'run.rrd'],
    ['demo', '--source', 'missing', '--rerun', 'run.rrd']])
def test_a_command_that_fails_leaves_no_file(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    assert not (tmp_path / 'run.rrd').exists()


def test_file_that_cannot_be_written_is_an_error_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=str(tmp_path)):
        RerunFile(tmp_path, 'test')
