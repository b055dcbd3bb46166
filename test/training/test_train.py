"""Training as a user runs it: learns, resumes, exports what both runtimes agree on."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
import io
import json
import multiprocessing
from pathlib import Path
import shutil

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch')
ort = pytest.importorskip('onnxruntime')

from slim_split_ros.__main__ import main  # noqa: E402
from slim_split_ros.networks.detector import Detector  # noqa: E402
from slim_split_ros.networks.levels import choose_levels  # noqa: E402
from slim_split_ros.networks.split_detector import normalize  # noqa: E402
from slim_split_ros.networks.stored_weights import load_model, round_to_half  # noqa: E402
from slim_split_ros.offboard.decode import decode_frame  # noqa: E402
from slim_split_ros.offboard.onnx_runtime import OnnxRuntime  # noqa: E402
from slim_split_ros.offboard.torch_runtime import TorchRuntime  # noqa: E402
from slim_split_ros.onboard.encoder import FrameEncoder  # noqa: E402
from slim_split_ros.training.checkpoint import load_checkpoint  # noqa: E402
from slim_split_ros.training.data.batches import Batch, BatchPlan  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from slim_split_ros.training.errors import (  # noqa: E402
    CheckpointError,
    RunInterruptedError,
    TrainingError,
)
from slim_split_ros.training.export.model import fit_all_tables, write_model_folder  # noqa: E402
from slim_split_ros.training.objectives.detector import DetectorObjective  # noqa: E402
from slim_split_ros.training.run import pick_device, table_images  # noqa: E402
from slim_split_ros.training.settings import PRESETS, Preset, StageSettings  # noqa: E402
from slim_split_ros.training.stage import RunPlace, run_stage  # noqa: E402
from slim_split_ros.weights import SHIPPED_MODELS  # noqa: E402
from slim_split_ros.wire.header import Frame, FrameHeader  # noqa: E402
from slim_split_ros.wire.manifest import load_manifest  # noqa: E402
from slim_split_ros.wire.payload import Coder  # noqa: E402
from support.drawn_data import CLASSES, write_drawn_data  # noqa: E402
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch

SHORT = StageSettings(6, 4, 1e-3, warmup_steps=2)
CPU = torch.device('cpu')


@pytest.fixture(scope='module')
def sources(tmp_path_factory: pytest.TempPathFactory) -> list:
    folder = tmp_path_factory.mktemp('drawn')
    write_drawn_data(folder, 'train', 10)
    return [load_split(folder, 'train').images]


def train_by_command(folder: Path, name: str, seed: int) -> tuple[str, str]:
    """Train a small model as a user does; return what is said on either stream."""
    torch.rand(1)  # whatever this process drew before
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setitem(PRESETS, 'quick', Preset(SHORT, SHORT, SHORT))
        patch.setattr('slim_split_ros.training.run.ModelConfig', small_config)
        assert main(['train', '--data', str(folder / 'drawn'), '--output', str(folder / name),
                     '--seed', str(seed)]) == 0
    return out.getvalue(), err.getvalue()


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Give the folder with `drawn` and `one`, trained on it, and what was said."""
    folder = tmp_path_factory.mktemp('trained')
    write_drawn_data(folder / 'drawn', 'train', 10)
    return folder, *train_by_command(folder, 'one', 3)


@pytest.fixture(scope='module')
def exported(trained: tuple[Path, str, str]) -> Path:
    return trained[0] / 'one' / 'model'


def first_log_loss(folder: Path, steps: int, sources: list) -> list[float]:
    torch.manual_seed(0)
    settings = StageSettings(steps, 8, 3e-3, warmup_steps=5)
    run_stage(DetectorObjective(Detector(small_config())), sources, BatchPlan(8, 128, 0, 0),
              settings, RunPlace(folder, CPU, workers=0))
    rows = (folder / 'detector.csv').read_text().splitlines()[1:]
    return [float(row.split(',')[2]) for row in rows if row.split(',')[1] == 'loss']


def test_the_detector_learns_drawn_shapes(tmp_path: Path, sources: list) -> None:
    losses = first_log_loss(tmp_path, 100, sources)
    assert losses[-1] < 0.8 * losses[0]


def test_an_interrupted_run_ends_with_the_weights_of_a_whole_one(
    tmp_path: Path, sources: list, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(folder: Path, objective: DetectorObjective) -> dict:
        return run_stage(objective, sources, BatchPlan(4, 128, 0, 0), SHORT,
                         RunPlace(folder, CPU, workers=0)).state_dict()

    class Interrupted(DetectorObjective):
        def loss(self, batch: Batch, step: int) -> tuple[torch.Tensor, dict[str, float]]:
            if step == 4:
                raise KeyboardInterrupt
            return super().loss(batch, step)

    def fresh(kind: type) -> DetectorObjective:
        torch.manual_seed(0)
        return kind(Detector(small_config()))

    whole = train(tmp_path / 'whole', fresh(DetectorObjective))
    with pytest.raises(RunInterruptedError, match='goes on from step 4 of stage 1 of 1, detector'):
        train(tmp_path / 'parts', fresh(Interrupted))
    _, metadata = load_checkpoint(tmp_path / 'parts/detector.safetensors')
    assert metadata['step'] == 4
    resumed = train(tmp_path / 'parts', fresh(DetectorObjective))
    assert 'stage 1 of 1, detector: goes on from step 4' in capsys.readouterr().out
    for name, tensor in whole.items():
        assert torch.allclose(tensor.float(), resumed[name].float(), atol=1e-5), name


def test_an_unexpected_error_ends_the_processes_that_make_batches(
    tmp_path: Path, sources: list
) -> None:
    class Failing(DetectorObjective):
        def loss(self, batch: Batch, step: int) -> tuple[torch.Tensor, dict[str, float]]:
            raise RuntimeError('unexpected')

    # The error is held, and with it all that it saw, as an interpreter that ends with it does.
    with pytest.raises(RuntimeError, match='unexpected') as error:
        run_stage(Failing(Detector(small_config())), sources, BatchPlan(4, 128, 0, 0), SHORT,
                  RunPlace(tmp_path, CPU, workers=1))
    assert multiprocessing.active_children() == [], error


def test_a_stage_that_was_trained_to_its_end_is_not_trained_again(
    tmp_path: Path, sources: list, capsys: pytest.CaptureFixture[str]
) -> None:
    def train() -> bytes:
        run_stage(DetectorObjective(Detector(small_config())), sources, BatchPlan(4, 128, 0, 0),
                  SHORT, RunPlace(tmp_path, CPU, workers=0))
        return (tmp_path / 'detector.safetensors').read_bytes()

    assert train() == train()
    assert 'detector: done before' in capsys.readouterr().out


def test_a_person_reads_what_is_trained_on_where_the_run_is_and_where_the_model_lies(
    trained: tuple[Path, str, str]
) -> None:
    folder, said, shown = trained
    out = folder / 'one'
    assert '10 pictures' in said
    assert str(out / 'samples.jpg') in said and (out / 'samples.jpg').is_file()
    for stage in ('stage 1 of 3, detector', 'stage 2 of 3, encoder', 'stage 3 of 3, codec'):
        assert stage in shown
    assert str(out / 'model') in said
    manifest = load_manifest(out / 'model')
    assert manifest.classes == CLASSES
    assert manifest.video == load_manifest(SHIPPED_MODELS['general']).video


def test_the_seed_alone_decides_the_weights_of_a_run(
    trained: tuple[Path, str, str]
) -> None:
    folder = trained[0]
    train_by_command(folder, 'again', 3)
    train_by_command(folder, 'other', 4)
    one, again, other = (load_model(folder / name / 'model').state_dict()
                         for name in ('one', 'again', 'other'))
    for name, tensor in one.items():
        assert torch.allclose(tensor.float(), again[name].float(), atol=1e-3), name
    weight = 'detector.head.to_classes.0.1.weight'
    assert not torch.allclose(one[weight], other[weight], atol=1e-3)


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_checkpoint(
    tmp_path: Path, sources: list
) -> None:
    class Failing(DetectorObjective):
        def loss(self, batch: Batch, step: int) -> tuple[torch.Tensor, dict[str, float]]:
            loss, figures = super().loss(batch, step)
            return (loss * float('nan') if step == 4 else loss), figures

    def train(kind: type, steps: int) -> None:
        run_stage(kind(Detector(small_config())), sources, BatchPlan(4, 128, 0, 0),
                  replace(SHORT, steps=steps), RunPlace(tmp_path, CPU, workers=0))

    with pytest.raises(TrainingError, match='the loss of step 4 of stage 1 of 1, detector is nan'):
        train(Failing, 6)
    assert not (tmp_path / 'detector.safetensors').exists()


@pytest.mark.parametrize('other', ['pictures', 'seed', 'steps', 'teacher'])
def test_a_checkpoint_of_another_lesson_is_refused(
    other: str, tmp_path: Path, sources: list
) -> None:
    def train(images: list, seed: int, settings: StageSettings) -> None:
        run_stage(DetectorObjective(Detector(small_config())), images,
                  BatchPlan(4, 128, seed, 0), settings, RunPlace(tmp_path, CPU, workers=0),
                  teacher=teacher)

    teacher = 'one'

    train(sources, 0, SHORT)
    teacher = 'another' if other == 'teacher' else teacher
    with pytest.raises(CheckpointError, match='trained on other pictures or by other settings'):
        train([sources[0][1:]] if other == 'pictures' else sources, int(other == 'seed'),
              replace(SHORT, steps=9) if other == 'steps' else SHORT)


def test_a_damaged_checkpoint_is_named(tmp_path: Path, sources: list) -> None:
    (tmp_path / 'detector.safetensors').write_bytes(b'broken')
    with pytest.raises(CheckpointError, match='detector.safetensors'):
        first_log_loss(tmp_path, 2, sources)


def test_exported_encoders_give_the_symbols_of_torch(exported: Path, sources: list) -> None:
    model, manifest = load_model(exported), load_manifest(exported)
    image = np.random.default_rng(0).integers(0, 255, (1, 96, 128, 3)).astype(np.uint8)
    for entry in manifest.widths:
        session = ort.InferenceSession(str(manifest.checked_file(entry.encoder)))
        gain = np.full(entry.latent_channels, entry.gains[0], np.float32)
        (symbols,) = session.run(None, {'image': image, 'gain': gain})
        with torch.no_grad():
            pixels = normalize(torch.from_numpy(image).permute(0, 3, 1, 2))
            levels = torch.from_numpy(symbols[:, :1]).float()
            chosen = choose_levels(model.encoder.importance(pixels, entry.width), model.config,
                                   torch.tensor(gain[0]))
            expected = model.encoder.symbols(
                pixels, levels, entry.width, torch.from_numpy(gain)).numpy()
        assert symbols.dtype == np.int8
        # Values at a boundary may fall either way, and with a level all of a cell's symbols do.
        assert (chosen != levels).float().mean() < 0.05
        assert (symbols != expected).mean() < 0.01
        assert np.abs(symbols - expected).max() <= 1


def test_every_mode_goes_from_picture_to_candidates_by_levels(exported: Path) -> None:
    manifest = load_manifest(exported)
    encoder, server = FrameEncoder(manifest), OnnxRuntime(manifest, 1)
    picture = np.random.default_rng(0).integers(0, 256, (96, 128, 3)).astype(np.uint8)
    for index, entry in enumerate(manifest.widths):
        for rate in range(manifest.rates):
            encoded = encoder.encode(picture, entry.width, rate)
            header = FrameHeader(
                0, 0, encoded.geometry, entry.width, rate, manifest.fingerprint, 0, 1.0)
            frame = decode_frame(Frame(header, encoded.payload), manifest)
            pictures, (found,) = server.rebuild(
                frame.symbols[None], frame.inverse_gain[None], np.array([index]),
                with_pictures=True, detects=True)
            assert pictures.dtype == np.uint8 and pictures.shape[3] == 3
            assert encoded.payload[0] == Coder.CONTEXTS
            assert frame.symbols[1:].any()
            assert np.isfinite(found.boxes).all() and np.isfinite(found.scores).all()


def test_both_runtimes_of_the_server_agree(exported: Path) -> None:
    manifest = load_manifest(exported)
    rng = np.random.default_rng(0)
    symbols = rng.integers(-3, 4, (3, 33, 8, 6)).astype(np.int8)
    symbols[:, 0] = rng.integers(0, 3, (3, 8, 6))
    inputs = (symbols, np.ones((3, 33), np.float32), np.array([0, 1, 3]))
    onnx, torch_ = OnnxRuntime(manifest, 1), TorchRuntime(manifest, 'cpu')
    (pictures, found), (rebuilt, again) = (
        runtime.rebuild(*inputs, with_pictures=True, detects=True) for runtime in (onnx, torch_))
    assert np.abs(pictures.astype(int) - rebuilt).max() <= 1
    for one, other in zip(found, again, strict=True):
        assert np.allclose(one.scores, other.scores, atol=1e-4)
        clear = np.flatnonzero(np.diff(one.scores) < -1e-4)[:5]  # equal scores may swap
        assert np.allclose(one.boxes[clear], other.boxes[clear], atol=0.05)


def test_both_runtimes_agree_about_pictures_of_video(exported: Path) -> None:
    manifest = load_manifest(exported)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 128, 96, 3)).astype(np.uint8)
    found, again = (runtime.detect_pictures(pixels) for runtime in (
        OnnxRuntime(manifest, 1), TorchRuntime(manifest, 'cpu')))
    assert len(found) == 2
    for one, other in zip(found, again, strict=True):
        assert np.allclose(one.scores, other.scores, atol=1e-4)


def test_the_fingerprint_follows_the_weights(exported: Path, tmp_path: Path, sources: list
                                             ) -> None:
    model = load_model(exported)
    with torch.no_grad():
        next(model.detector.parameters()).add_(1.0)
    tables = fit_all_tables(model.encoder, table_images(sources, 128))
    changed = write_model_folder(round_to_half(model), tables, tmp_path)
    assert changed != json.loads((exported / 'manifest.json').read_text())['fingerprint']


def test_a_model_with_tables_is_not_exported_without_pictures(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['export', '--checkpoint', str(exported), '--output', str(tmp_path)]) == 1
    assert 'entropy tables' in (error := capsys.readouterr().err) and '--data' in error


def test_unreadable_weights_are_named_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(
        ['export', '--checkpoint', str(tmp_path), '--output', str(tmp_path / 'new')]) == 1
    assert 'model.safetensors cannot be read as a model' in capsys.readouterr().err


def test_every_table_covers_its_channels(exported: Path) -> None:
    manifest = load_manifest(exported)
    for index, entry in enumerate(manifest.widths):
        for rate in range(manifest.rates):
            assert len(manifest.tables(index, rate)) == entry.latent_channels


def test_tables_alone_are_counted_anew_for_a_folder(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / 'model'
    shutil.copytree(exported, folder)
    write_drawn_data(tmp_path / 'other', 'train', 6)
    before, sizes = load_manifest(folder), {}
    assert main(['export', '--tables-only', '--checkpoint', str(folder),
                 '--data', str(tmp_path / 'other')]) == 0
    after = load_manifest(folder)
    assert f'{after.fingerprint:016x}' in capsys.readouterr().out
    assert after.fingerprint != before.fingerprint and after.files == before.files
    picture = cv2.imread(str(next((tmp_path / 'other').rglob('*.jpg'))))
    for name, manifest in (('before', before), ('after', after)):
        sizes[name] = len(FrameEncoder(manifest).encode(picture, 1.0, 0).payload)
    assert sizes['after'] < sizes['before']


def test_an_ensemble_has_no_tables_to_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['export', '--tables-only', '--checkpoint', str(SHIPPED_MODELS['ensemble'])]) == 1
    assert 'without entropy tables' in capsys.readouterr().err


def test_a_gpu_that_does_not_work_is_left_alone_where_nobody_asked_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError('no kernel image is available')

    # As a GPU too old for this torch, whatever is here.
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch, 'conv2d', fail)

    assert pick_device('auto') == CPU
    assert 'going on with the processor' in capsys.readouterr().out
    with pytest.raises(TrainingError, match='give --device cpu'):
        pick_device('cuda')
