"""`evaluate --video` on clips it has never seen: order, streams of their own, bytes over time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip('torch')
pytest.importorskip('onnxruntime')

from slim_split_ros.__main__ import main  # noqa: E402
from slim_split_ros.evaluation.clips import find_clips  # noqa: E402
from slim_split_ros.evaluation.errors import EvaluationError  # noqa: E402
from slim_split_ros.evaluation.figures.points import (  # noqa: E402
    Accuracy,
    MeasuredFrame,
    MeasuredPoint,
    Setting,
)
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from support.drawn_data import read_annotations, write_annotations, write_drawn_data  # noqa: E402
from support.small_networks import write_untrained_model  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give two clips of three frames, two frames a second, listed latest first."""
    folder = tmp_path_factory.mktemp('clips')
    write_drawn_data(folder, 'val', 6)
    images = read_annotations(folder, 'val')['images']
    for number, image in enumerate(images):
        # Pictures of one shape are of one clip.
        image.update(sequence=7 + number % 2, timestamp=10.0 - 0.5 * (number // 2))
    write_annotations(folder, 'val', images, read_annotations(folder, 'val')['annotations'])
    return folder


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    folder = tmp_path_factory.mktemp('model')
    write_untrained_model(folder, [load_split(data, 'val').images])
    return folder


def measure(data: Path, model: Path, folder: Path, *more: str) -> dict:
    file = folder / 'figures.json'
    assert main(['evaluate', '--video', '--data', str(data), '--checkpoint', str(model),
                 '--json', str(file), *more]) == 0
    return json.loads(file.read_text())


def test_clips_are_in_the_order_of_time(data: Path) -> None:
    first, second = find_clips(load_split(data, 'val'))
    assert [clip.name for clip in (first, second)] == ['7', '8']
    assert [image.image_id for image in first.images] == [5, 3, 1]
    assert first.times_s == (0.0, 0.5, 1.0)


def test_pictures_without_a_time_are_no_video(tmp_path: Path) -> None:
    write_drawn_data(tmp_path, 'val', 2)
    with pytest.raises(EvaluationError, match='"timestamp" in seconds'):
        find_clips(load_split(tmp_path, 'val'))


def test_a_clip_that_changes_its_size_is_named(tmp_path: Path) -> None:
    write_drawn_data(tmp_path, 'val', 2)
    images = read_annotations(tmp_path, 'val')['images']
    for number, image in enumerate(images):
        image.update(sequence='hall', timestamp=number)
    write_annotations(tmp_path, 'val', images, read_annotations(tmp_path, 'val')['annotations'])
    with pytest.raises(EvaluationError, match="001.jpg: is 128x96, its clip 'hall' began with"):
        find_clips(load_split(tmp_path, 'val'))


def test_every_setting_of_ours_says_its_coder_and_whether_frames_are_alone(
    data: Path, model: Path, tmp_path: Path
) -> None:
    figures = measure(data, model, tmp_path, '--codecs', 'slim,none')
    assert figures['data']['video']
    assert figures['data']['recordings'] == ['7', '8']
    ours = [point for point in figures['points'] if point['codec'] == 'slim']
    cells = {(point['width'], point['rate']) for point in ours if point['coder'] == 'cells'}
    assert cells == {(width, rate) for width in (0.25, 0.5, 0.75, 1.0) for rate in (0, 1)}
    assert all(point['alone'] for point in ours if point['coder'] == 'cells')
    assert figures['points'][-1]['codec'] == 'none'


def test_plain_video_is_a_point_of_scale_and_rate_factor(
    data: Path, model: Path, tmp_path: Path
) -> None:
    pytest.importorskip('av')
    figures = measure(data, model, tmp_path, '--codecs', 'h264_video', '--dump', str(tmp_path))
    points = figures['points']
    assert {point['codec'] for point in points} == {'h264_video'}
    assert {(point['scale'], point['crf']) for point in points} >= {(1.0, 24), (0.5, 48)}
    for point in points:
        assert point['preset'] == 'veryfast'
        assert point['bytes_settled'] > 0
        assert point['encode_ms_p95'] >= point['encode_ms_p50'] > 0
    assert (tmp_path / 'h264_video_s100_c24.json').is_file()


def test_bytes_after_the_first_second_leave_the_key_frame_out() -> None:
    frames = tuple(MeasuredFrame(number, 5000 if number == 0 else 300 + number, 1.0, 0.0,
                                 time_s=number * 0.5) for number in range(5))
    accuracy = Accuracy(0.5, 0.3, 0.1, 0.2, 0.3, (0.5,))
    row = MeasuredPoint(Setting('h264_video'), frames, accuracy).to_dict()
    assert row['bytes'] == pytest.approx((5000 + 301 + 302 + 303 + 304) / 5)
    assert row['bytes_settled'] == pytest.approx(303)
    assert row['bytes_settled_p95'] < 305
    stills = tuple(MeasuredFrame(1, 300, 1.0, 0.0) for _ in range(2))
    assert 'bytes_settled' not in MeasuredPoint(Setting('webp'), stills, accuracy).to_dict()


def test_without_pyav_ours_is_measured_and_a_sentence_says_what_is_missing(
    data: Path, model: Path, tmp_path: Path, without_pyav: None,
    capsys: pytest.CaptureFixture[str]
) -> None:
    figures = measure(data, model, tmp_path)
    assert {(point['codec'], point.get('coder')) for point in figures['points']} == {
        ('slim', 'cells'), ('none', None)}
    assert 'evaluate: without h264_video: ' in capsys.readouterr().err


@pytest.mark.parametrize('arguments', [
    [], ['--video'], ['--video', '7', '--data', 'folder'], ['--video', '7', '--codecs', 'jpeg']])
def test_clips_that_nothing_names_are_wrong_use(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['evaluate', *arguments]) == 2
    assert 'evaluate: ' in capsys.readouterr().err


@pytest.mark.parametrize('seeds', ['', 'a', '3,3', '-1'])
def test_seeds_that_are_none_are_wrong_use(
    seeds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(['evaluate', f'--video={seeds}'])
    assert '--video' in capsys.readouterr().err
