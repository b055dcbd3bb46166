"""The table of operating points: written, read again, re-timed on another machine."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

pytest.importorskip('torch')

from slim_split_ros.__main__ import main  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
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


@pytest.fixture
def model(tmp_path: Path, data: Path) -> Path:
    write_untrained_model(tmp_path / 'model', [load_split(data, 'val').images])
    return tmp_path / 'model'


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
