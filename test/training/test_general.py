"""A model for any scene as a user makes it: photographs in, a folder that both nodes run out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='make setup-training')
pytest.importorskip('onnx', reason='make setup-training')

from slim_split_ros.networks.stored_weights import load_model  # noqa: E402
from slim_split_ros.offboard import decode_frame, load_server  # noqa: E402
from slim_split_ros.onboard import FrameEncoder  # noqa: E402
from slim_split_ros.training import general  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from slim_split_ros.training.errors import TrainingError  # noqa: E402
from slim_split_ros.training.settings import GeneralPreset, StageSettings  # noqa: E402
from slim_split_ros.wire import Frame, FrameHeader, load_manifest  # noqa: E402
from support.detector_graphs import constant_graph, save  # noqa: E402
from support.drawn_data import write_drawn_data  # noqa: E402
from support.small_networks import write_untrained_ensemble, write_untrained_model  # noqa: E402

pytestmark = pytest.mark.torch

FOUND = np.float32([[[10, 20, 40, 60, 0.9, 0]]])
SHORT = StageSettings(4, 4, 1e-3, warmup_steps=2)


@pytest.fixture(scope='module')
def run(tmp_path_factory: pytest.TempPathFactory) -> general.GeneralRun:
    folder = tmp_path_factory.mktemp('general')
    write_drawn_data(folder / 'drawn', 'train', 15)
    write_untrained_model(folder / 'base', [load_split(folder / 'drawn', 'train').images])
    detector = save(constant_graph({'output0': FOUND}, 1, (1, 3, 96, 128)), folder)
    detector.with_suffix('.yaml').write_text('names: [cup]\nresize: stretch\n')
    return general.GeneralRun(
        folder / 'drawn' / 'images' / 'train', (detector,), folder / 'base', folder / 'out',
        'cpu', 0, workers=0)


@pytest.fixture(scope='module')
def made(run: general.GeneralRun) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(general, 'GENERAL', GeneralPreset(SHORT, SHORT))
        return general.train_general(run)


def test_what_is_made_goes_from_picture_to_the_detectors_classes(made: Path) -> None:
    manifest = load_manifest(made)
    assert manifest.classes == ('cup',) and len(manifest.video) == len(general.VIDEO)
    picture = cv2.resize(np.random.default_rng(0).integers(
        0, 255, (6, 8, 3)).astype(np.uint8), (128, 96))
    encoded = FrameEncoder(manifest).encode(picture, 1.0, 0)
    frame = Frame(FrameHeader(0, 0, encoded.geometry, 1.0, 0, manifest.fingerprint, 0, 1.0),
                  encoded.payload)
    served, = load_server(manifest, 'cpu').serve([decode_frame(frame, manifest)])
    assert served.picture.shape == (96, 128, 3)
    np.testing.assert_allclose(served.detections.boxes, [[10, 20, 30, 40]], atol=0.5)


def test_its_weights_hold_no_detector_and_are_those_of_the_stages(
    made: Path, run: general.GeneralRun
) -> None:
    model, base = load_model(made), load_model(run.base)
    assert model.detector is None and base.detector is not None
    assert model.config.repaired_gain > base.config.repaired_gain
    for part in ('encoder', 'decoder'):
        old, new = getattr(base, part).state_dict(), getattr(model, part).state_dict()
        assert any(not torch.equal(old[name], new[name]) for name in old)


def test_the_same_command_once_more_trains_nothing_and_gives_the_same(
    made: Path, run: general.GeneralRun, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = load_manifest(made).fingerprint
    monkeypatch.setattr(general, 'GENERAL', GeneralPreset(SHORT, SHORT))
    general.train_general(run)
    assert load_manifest(made).fingerprint == before
    said = capsys.readouterr().out
    assert 'things: written before' in said and said.count('done before') == 2


def test_things_that_other_detectors_found_are_not_taken(
    made: Path, run: general.GeneralRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = FOUND * np.float32([2, 1, 1, 1, 1, 1])
    other = save(constant_graph({'output0': moved}, 1, (1, 3, 96, 128)), tmp_path)
    other.with_suffix('.yaml').write_text('names: [cup]\nresize: stretch\n')
    monkeypatch.setattr(general, 'GENERAL', GeneralPreset(SHORT, SHORT))

    with pytest.raises(TrainingError, match='trained on other pictures'):
        general.train_general(replace(run, detectors=(other,)))


def test_a_base_without_a_finder_is_refused_by_name(
    run: general.GeneralRun, tmp_path: Path
) -> None:
    write_untrained_ensemble(tmp_path)
    with pytest.raises(TrainingError, match='has no finder to start from'):
        general.train_general(general.GeneralRun(
            run.pictures, run.detectors, tmp_path, tmp_path / 'out', 'cpu', 0, workers=0))
