"""The table of operating points: written, read again, re-timed on another machine."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
import shutil

import pytest
import yaml

pytest.importorskip('torch')

from slim_split_ros.__main__ import main  # noqa: E402
from slim_split_ros.evaluation.profile import ProfileTable, write_profile  # noqa: E402
from slim_split_ros.evaluation.profile_data import linked_rows  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from slim_split_ros.wire.manifest import load_manifest  # noqa: E402
from support.bundles import write_tiny_bundle  # noqa: E402
from support.drawn_data import write_drawn_data  # noqa: E402
from support.small_networks import (  # noqa: E402
    write_untrained_ensemble,
    write_untrained_model,
)

pytestmark = pytest.mark.torch


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('data')
    write_drawn_data(folder, 'val', 4)
    return folder


@pytest.fixture(scope='module')
def untouched(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    folder = tmp_path_factory.mktemp('untouched') / 'model'
    write_untrained_model(folder, [load_split(data, 'val').images])
    return folder


@pytest.fixture
def model(tmp_path: Path, untouched: Path) -> Path:
    """Give a folder of the test's own, into which it may write."""
    return shutil.copytree(untouched, tmp_path / 'model')


def points(folder: Path) -> list[dict]:
    return yaml.safe_load((folder / 'operating_points.yaml').read_text())['points']


def test_labelled_pictures_give_points_and_the_bytes_of_every_frame(
    data: Path, model: Path
) -> None:
    assert main(['profile', '--data', str(data), '--checkpoint', str(model)]) == 0
    table = points(model)
    assert [(point['width'], point['rate']) for point in table] == [
        (width, rate) for width in (0.25, 0.5, 0.75, 1.0) for rate in (0, 1)]
    rows = list(csv.DictReader((model / 'frames.csv').read_text().splitlines()))
    assert len(rows) == 4 * len(table)
    of_first = [int(row['bytes']) for row in rows
                if (float(row['width']), int(row['rate'])) == (0.25, 0)]
    assert table[0]['bytes'] == pytest.approx(sum(of_first) / 4, abs=0.1)


def test_without_pictures_only_the_times_are_measured_again(
    data: Path, model: Path, tmp_path: Path
) -> None:
    assert main(['profile', '--data', str(data), '--checkpoint', str(model)]) == 0
    assert main(['profile', '--checkpoint', str(model), '--output', str(tmp_path)]) == 0
    for before, after in zip(points(model), points(tmp_path), strict=True):
        assert after['encode_ms'] > 0
        for name in ('width', 'rate', 'bytes', 'bytes_p95', 'ap50'):
            assert after[name] == before[name]


def test_an_ensemble_gives_points_of_fixed_bytes(data: Path, tmp_path: Path) -> None:
    write_untrained_ensemble(tmp_path)
    assert main(['profile', '--data', str(data), '--checkpoint', str(tmp_path)]) == 0
    table = points(tmp_path)
    assert [(point['width'], point['rate']) for point in table] == [
        (width, rate) for width in (0.25, 0.5, 0.75, 1.0) for rate in range(4)]
    values, headers = 6 * 24 * 32, table[0]['bytes'] - (1 + 6 * 24 * 32 * 4 // 8)
    for point in table:
        bits = 4 - point['rate']
        assert point['bytes'] == point['bytes_p95'] == headers + 1 + values * bits // 8
    assert main(['profile', '--checkpoint', str(tmp_path)]) == 0


def row(alone: bool, size: float, encode_ms: float, ap50: float, **more: object) -> dict:
    return {'coder': 'video', 'width': 1.0, 'rate': 0, 'alone': alone, 'bytes': size,
            'bytes_p95': 2 * size, 'encode_ms': encode_ms, 'encode_ms_p95': 2 * encode_ms,
            'ap50': ap50, 'bytes_settled': 0.9 * size, 'bytes_settled_p95': 1.5 * size, **more}


def test_linked_points_are_scaled_from_clips_to_the_pictures_of_the_table() -> None:
    stills = [row(True, 2000.0, 4.0, 0.6)]
    clips = [row(True, 1000.0, 2.0, 0.8), row(False, 400.0, 1.0, 0.72),
             row(False, 300.0, 1.0, 0.7, rate=1)]  # of which the pictures know nothing
    (linked,) = linked_rows(stills, clips)
    assert linked['alone'] is False
    assert linked['bytes'] == pytest.approx(0.9 * 400 * 2)
    assert linked['bytes_p95'] == pytest.approx(1.5 * 400 * 2)
    assert linked['encode_ms'] == pytest.approx(2.0)
    assert linked['ap50'] == pytest.approx(0.6 * 0.9)


def test_what_leaning_changes_is_of_a_rate_and_not_of_a_width() -> None:
    stills = [row(True, 2000.0, 4.0, 0.6, width=width) for width in (0.5, 1.0)]
    clips = [row(alone, 1000.0, 2.0, ap50, width=width) for width, alone, ap50 in (
        (0.5, True, 0.5), (0.5, False, 0.7), (1.0, True, 0.5), (1.0, False, 0.5))]
    assert [linked['ap50'] for linked in linked_rows(stills, clips)] == [
        pytest.approx(0.6 * 1.2)] * 2


def test_times_of_video_are_measured_again_and_the_rest_is_kept(tmp_path: Path) -> None:
    pytest.importorskip('av')
    folder = write_tiny_bundle(tmp_path, with_pictures=True, with_video=True)
    manifest = load_manifest(folder)
    rows = [{**row(alone, 900.0, 99.0, 0.5), 'width': width}
            for width in (0.25, 1.0) for alone in (True, False)]
    write_profile(ProfileTable(f'{manifest.fingerprint:016x}', tuple(rows), ()), folder)
    assert main(['profile', '--checkpoint', str(folder)]) == 0
    table = points(folder)
    assert [(point['coder'], point['alone'], point['width']) for point in table] == [
        ('video', True, 0.25), ('video', True, 1.0), ('video', False, 0.25), ('video', False, 1.0)]
    assert all(0 < point['encode_ms'] < 99 and point['bytes'] == 900 for point in table)


def test_sizes_of_frames_that_no_longer_are_of_the_table_go(tmp_path: Path) -> None:
    (tmp_path / 'frames.csv').write_text('frame,width,rate,bytes\n')
    of_video = ProfileTable('0' * 16, (row(True, 900.0, 2.0, 0.5),), ())
    write_profile(replace(of_video, frames=None), tmp_path)
    assert (tmp_path / 'frames.csv').is_file()
    write_profile(of_video, tmp_path)
    assert not (tmp_path / 'frames.csv').is_file()


@pytest.mark.parametrize('arguments', [['--video', '3'], ['--half', 'choose']])
def test_what_needs_pictures_is_wrong_use_without_them(
    model: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['profile', '--checkpoint', str(model), *arguments]) == 2
    assert 'need --data' in capsys.readouterr().err


def test_a_topic_without_a_source_is_wrong_use(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['profile', '--checkpoint', str(model), '--topic', '/image']) == 2
    assert '--topic need --source' in capsys.readouterr().err


def test_a_clip_for_a_model_that_sends_no_video_is_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['profile', '--checkpoint', str(model), '--source', str(tmp_path), '--clip',
                 'a.mp4']) == 1
    assert 'sends no video: leave out --clip' in capsys.readouterr().err


def test_without_pictures_and_table_it_says_what_to_do(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['profile', '--checkpoint', str(model)]) == 1
    assert 'profile --data' in capsys.readouterr().err


def test_a_table_of_another_model_is_not_measured_again(
    data: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['profile', '--data', str(data), '--checkpoint', str(model)]) == 0
    table = model / 'operating_points.yaml'
    document = yaml.safe_load(table.read_text())
    table.write_text(yaml.safe_dump(document | {'fingerprint': '0123456789abcdef'}))
    assert main(['profile', '--checkpoint', str(model)]) == 1
    assert "was measured with model '0123456789abcdef'" in capsys.readouterr().err
