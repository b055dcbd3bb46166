"""Do pictures and clips give a model without labels the points of all its coders?"""

from __future__ import annotations

from pathlib import Path
import shutil

import cv2
import numpy as np
import pytest

pytest.importorskip('torch', reason='make setup-training')
pytest.importorskip('av', reason='points of video need PyAV')
pytest.importorskip('onnx', reason='make setup-training')

from slim_split_ros.evaluation.agreement import measure_agreement  # noqa: E402
from slim_split_ros.evaluation.agreement_profile import (  # noqa: E402
    CLIP_FRAMES,
    keep_clips,
    own_detector,
    profile_agreement,
    profile_clips,
    profile_pictures,
)
from slim_split_ros.evaluation.codecs.model_codec import ModelCodec, slim_settings  # noqa: E402
from slim_split_ros.evaluation.errors import EvaluationError  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from slim_split_ros.training.export.model_folder import set_video  # noqa: E402
from slim_split_ros.training.pseudo_labels import KEPT_ASIDE, write_pseudo_labels  # noqa: E402
from slim_split_ros.wire import Manifest, load_manifest  # noqa: E402
from slim_split_ros.wire.video_settings import VideoSettings  # noqa: E402
from support.detector_graphs import constant_graph, save  # noqa: E402
from support.drawn_data import write_drawn_data  # noqa: E402
from support.small_networks import write_untrained_model  # noqa: E402

pytestmark = pytest.mark.torch

# Corners in an input of 128x96, score and class: found whatever the picture.
FOUND = np.float32([[[10, 20, 40, 60, 0.9, 0]]])
RATES = (VideoSettings(64, 0.8, (-0.1, -0.2)), VideoSettings(128, 0.6, (-0.1, -0.2)))


def unseen(items: list, _: str) -> list:
    """Show no progress."""
    return items


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('data')
    write_drawn_data(folder, 'train', 8)
    return folder


@pytest.fixture(scope='module')
def manifest(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Manifest:
    folder = tmp_path_factory.mktemp('model')
    detector = save(constant_graph({'output0': FOUND}, 1, (1, 3, 96, 128)), folder)
    detector.with_suffix('.yaml').write_text('names: [cup]\nresize: stretch\n')
    write_untrained_model(folder / 'model', [load_split(data, 'train').images], detector)
    set_video(folder / 'model', RATES)
    return load_manifest(folder / 'model')


def write_video(path: Path, frames: int, fps: float = 20.0) -> Path:
    """Write a square that walks over noise that stands still."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), fps, (128, 96))
    noise = np.random.default_rng(0).integers(0, 200, (96, 128, 3)).astype(np.uint8)
    for number in range(frames):
        frame = noise.copy()
        frame[30:50, number % 100:number % 100 + 20] = 255
        writer.write(frame)
    writer.release()
    return path


def test_pictures_give_every_point_that_is_alone(
    manifest: Manifest, data: Path, tmp_path: Path
) -> None:
    shutil.copytree(data / 'images' / 'train', tmp_path / 'pictures')
    points = profile_pictures(
        manifest, sorted((tmp_path / 'pictures').iterdir()), tmp_path / 'work', unseen)
    coders = [point.setting.coder for point in points]
    assert coders.count('cells') == 4 * 2 and coders.count('video') == 4 * len(RATES)
    assert all(point.setting.alone for point in points)
    assert {point.accuracy.ap50 for point in points} == {1.0}  # what is always found is found


def test_clips_tell_what_leaning_on_the_frame_before_saves(
    manifest: Manifest, tmp_path: Path
) -> None:
    clips = [file for name in 'ab' for file in keep_clips(
        write_video(tmp_path / f'{name}.mp4', 2 * CLIP_FRAMES + 5), tmp_path / name)]
    points = profile_clips(manifest, clips, tmp_path / 'work', unseen)
    rows = {(row['width'], row['rate'], row['alone']): row
            for row in (point.to_dict() for point in points)}
    assert len(rows) == 4 * len(RATES) * 2
    for (width, rate, alone), row in rows.items():
        if not alone:
            assert row['bytes_settled'] < 0.7 * rows[width, rate, True]['bytes']


@pytest.mark.parametrize(('sources', 'frames'), [(1, 1), (1, 3), (2, 3)])
def test_the_key_frame_that_others_lean_on_is_not_judged_with_them(
    sources: int, frames: int, manifest: Manifest, data: Path, tmp_path: Path
) -> None:
    folders = [shutil.copytree(data / 'images' / 'train', tmp_path / f'pictures {number}')
               for number in range(sources)]
    files = [file for folder in folders for file in sorted(folder.iterdir())[:frames]]
    detector = own_detector(manifest)
    write_pseudo_labels(files, detector, 0.4, tmp_path / 'frames', KEPT_ASIDE, unseen)
    codec = ModelCodec(manifest, slim_settings(manifest, alone_only=False), detector)

    points = measure_agreement(
        [codec], detector, tmp_path / 'frames', KEPT_ASIDE, unseen).points

    leaning = [point for point in points if point.setting.alone is False]
    assert len(leaning) == (0 if frames == 1 else 4 * len(RATES))
    assert all(len(point.frames) == sources * (frames - 1) for point in leaning)
    assert all(frame.image_id % frames != 1 for point in leaning for frame in point.frames)
    # It finds the same wherever it looks: no frame that counts is without it.
    assert all(point.accuracy.ap50 == pytest.approx(1.0) for point in points)


def test_a_table_holds_points_alone_and_linked_on_one_scale(
    manifest: Manifest, data: Path, tmp_path: Path
) -> None:
    shutil.copytree(data / 'images' / 'train', tmp_path / 'pictures')
    table = profile_agreement(
        manifest, sorted((tmp_path / 'pictures').iterdir()),
        keep_clips(write_video(tmp_path / 'a.mp4', 2 * CLIP_FRAMES), tmp_path / 'clips'),
        tmp_path / 'work', unseen)
    names = {(row['coder'], row['width'], row['rate'], row['alone']) for row in table.points}
    assert len(names) == len(table.points) == 4 * (2 + 2 * len(RATES))
    assert sum(not row['alone'] for row in table.points) == 4 * len(RATES)


def test_a_long_video_gives_several_clips_each_at_the_rate_of_a_robot(tmp_path: Path) -> None:
    video = write_video(tmp_path / '10:15.mp4', 250, fps=25.0)
    numbers = [int(file.stem) for file in keep_clips(video, tmp_path / 'clips')]
    clips = np.array(numbers).reshape(5, CLIP_FRAMES)
    assert (clips[:, -1] - clips[:, 0] == round(19 * 2.5)).all()
    assert set(np.diff(clips).ravel()) == {2, 3}  # 2.5 at a time are 10 a second
    assert (clips[1:, 0] > clips[:-1, -1]).all()


def test_a_video_that_is_too_short_is_refused_by_name(tmp_path: Path) -> None:
    video = write_video(tmp_path / 'short.mp4', 9)
    with pytest.raises(EvaluationError, match=r'short\.mp4 gives 9 frames, 39 are needed'):
        keep_clips(video, tmp_path / 'clips')


def test_a_video_of_too_few_frames_a_second_is_refused(tmp_path: Path) -> None:
    video = write_video(tmp_path / 'slow.mp4', 40, fps=5.0)
    with pytest.raises(EvaluationError, match=r'slow\.mp4 says it has 5 frames a second'):
        keep_clips(video, tmp_path / 'clips')


def test_a_video_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r'none\.mp4 cannot be opened as a video'):
        keep_clips(tmp_path / 'none.mp4', tmp_path / 'clips')
