"""Does `evaluate` judge a model by what a detector still finds, without labels?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip('torch')
pytest.importorskip('onnx', reason='make setup-training')

from slim_split_ros.__main__ import main  # noqa: E402

pytestmark = pytest.mark.torch


def test_evaluate_gives_the_same_for_a_model_as_it_is(
    source: Path, detector: Path, base: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(['evaluate', '--detector', str(detector), '--source', str(source),
                 '--checkpoint', str(base), '--json', str(tmp_path / 'a.json'),
                 '--report', str(tmp_path / 'a.html')]) == 0

    measured = json.loads((tmp_path / 'a.json').read_text())
    assert {'slim', 'webp', 'jpeg'} <= {point['codec'] for point in measured['points']}
    assert measured['frames'] == 16
    said = capsys.readouterr().out
    assert 'slim (cells)' in said and '16 frames with 16 things' in said
    assert '16 frames with 16 thing(s) are too few to go by' in said
    assert 'data:image/jpeg' in (tmp_path / 'a.html').read_text()


def test_evaluate_with_a_detector_and_labels_is_wrong_use(
    source: Path, detector: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['evaluate', '--detector', str(detector), '--data', str(tmp_path)]) == 2
    assert 'need --detector and --source' in capsys.readouterr().err


@pytest.mark.parametrize('more', [
    ['--codecs', 'slim'], ['--pictures', '3'], ['--half', 'judge'], ['--split', 'val'],
    ['--dump', 'DIR'], ['--as-pictures', '2', '--report', 'DIR/a.html']])
def test_what_frames_without_labels_do_not_take_is_wrong_use(
    more: list[str], source: Path, detector: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    more = [part.replace('DIR', str(tmp_path / 'out')) for part in more]
    assert main(['evaluate', '--detector', str(detector), '--source', str(source), *more]) == 2
    assert f'{more[-2]} goes with' in capsys.readouterr().err
