"""Is what earlier demos left taken away, and nothing else?"""

from __future__ import annotations

from pathlib import Path

from slim_split_ros.demo.output import prepare_folder

OURS = ('index.html', 'link.html', 'onboard.log', 'emulated_link.log',
        'frames/00_width_025.jpg', 'ros_log/python_3169_1795847851098.log')
FOREIGN = ('notes.html', 'frames/holiday.jpg', 'frames/00_width_025.png', 'camera.log',
           'ros_log/notes.log', 'pictures/00_width_025.jpg')


def test_files_of_an_earlier_demo_go_and_those_of_the_user_stay(tmp_path: Path) -> None:
    for name in (*OURS, *FOREIGN):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    prepare_folder(tmp_path)

    left = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob('*') if file.is_file()}
    assert left == set(FOREIGN)


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    prepare_folder(tmp_path / 'a' / 'b')

    assert (tmp_path / 'a' / 'b' / 'frames').is_dir()
