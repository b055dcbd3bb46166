"""The rivals as a user trains them: all at once, into one file that stays small."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.__main__ import main  # noqa: E402
from slim_split_ros.networks.detector import Detector  # noqa: E402
from slim_split_ros.networks.rivals.rivals import Rivals  # noqa: E402
from slim_split_ros.networks.rivals.stored import load_rivals, save_rivals  # noqa: E402
from slim_split_ros.networks.split_detector import SplitDetector  # noqa: E402
from slim_split_ros.networks.stored_weights import round_to_half, save_model  # noqa: E402
from slim_split_ros.training.data.batches import Batch  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from slim_split_ros.training.rivals.objective import PARTS, RivalsObjective  # noqa: E402
from slim_split_ros.training.rivals.run import train_rival_stages  # noqa: E402
from slim_split_ros.training.settings import RIVALS, RivalsPreset, StageSettings  # noqa: E402
from slim_split_ros.training.stage import RunPlace  # noqa: E402
from slim_split_ros.wire.context_tables import Contexts, ContextTables  # noqa: E402
from slim_split_ros.wire.manifest import load_manifest  # noqa: E402
from support.drawn_data import write_drawn_data  # noqa: E402
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch

SHORT = StageSettings(3, 4, 1e-3, warmup_steps=2)


def objective() -> RivalsObjective:
    torch.manual_seed(0)
    return RivalsObjective(Rivals(small_config()), Detector(small_config()), seed=0)


def batch(count: int) -> Batch:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 3, 64, 96), dtype=torch.uint8, generator=generator)
    boxes = torch.tensor([[[8.0, 8.0, 40.0, 40.0]]]).expand(count, -1, -1)
    return Batch(images, boxes, torch.zeros(count, 1, dtype=torch.int64))


def test_one_step_reaches_every_part_that_is_not_frozen() -> None:
    trained = objective()
    groups = trained.parameter_groups(1e-3)
    loss, figures = trained.loss(batch(8), step=0)
    loss.backward()
    learning = {id(parameter) for group in groups for parameter in group['params']}
    named = dict(trained.module.named_parameters())
    assert {id(parameter) for parameter in named.values() if parameter.requires_grad} == learning
    assert [name for name, parameter in named.items()
            if parameter.requires_grad and parameter.grad is None] == []
    assert {f'features_{part}' for part in PARTS} <= set(figures)


def test_the_robots_half_of_the_late_cut_stays_as_the_detector_trained_it() -> None:
    trained = objective()
    rivals = trained.module.rivals
    optimizer = torch.optim.SGD(trained.parameter_groups(0.1))
    before = {name: tensor.clone() for name, tensor in rivals.late.stage16.state_dict().items()}
    trained.loss(batch(4), step=0)[0].backward()
    optimizer.step()
    assert all(torch.equal(before[name], tensor)
               for name, tensor in rivals.late.stage16.state_dict().items())


def test_bits_above_their_target_weigh_more_with_every_step() -> None:
    trained = objective()
    before = trained.module.entropic_log_weight.clone()
    for step in (100, 101):
        trained.loss(batch(4), step)
    assert (trained.module.entropic_log_weight > before).all()


def test_a_batch_too_small_to_share_out_is_refused() -> None:
    with pytest.raises(ValueError, match='batch of 2'):
        objective().loss(batch(2), step=0)


def test_trained_rivals_come_back_from_their_file_with_tables_for_each_codec(
    tmp_path: Path
) -> None:
    write_drawn_data(tmp_path, 'train', 6)
    model = SplitDetector(small_config())
    place = RunPlace(tmp_path / 'run', torch.device('cpu'), workers=0)
    sources = [load_split(tmp_path, 'train').images]
    stored = train_rival_stages(model, sources, RivalsPreset(SHORT, SHORT, SHORT), place, seed=0)
    save_rivals(stored, tmp_path / 'rivals.safetensors')
    loaded = load_rivals(tmp_path / 'rivals.safetensors')
    static = loaded.tables.pop('static')
    contexts = Contexts.from_json(static['contexts'])
    assert [len(ContextTables.from_json(rate, contexts)) for rate in static['rates']] == [33, 33]
    assert {name: (len(rates), len(rates[0])) for name, rates in loaded.tables.items()} == {
        'entropic': (1, 16), 'late': (1, 8)}
    for name, tensor in stored.modules.state_dict().items():
        assert torch.equal(loaded.modules.state_dict()[name], tensor), name


def test_rivals_of_no_model_say_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_drawn_data(tmp_path, 'train', 2)
    assert main(['train', '--rivals', '--data', str(tmp_path), '--output',
                 str(tmp_path / 'out')]) == 1
    assert 'out/model cannot be read' in capsys.readouterr().err


def test_rivals_of_a_model_of_other_classes_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_drawn_data(tmp_path, 'train', 2)
    model = round_to_half(SplitDetector(small_config(classes=('ball',))))
    save_model(model, tmp_path / 'model.safetensors')
    assert main(['train', '--rivals', '--data', str(tmp_path), '--output', str(tmp_path / 'out'),
                 '--checkpoint', str(tmp_path / 'model.safetensors')]) == 1
    error = capsys.readouterr().err
    assert 'ball' in error and 'disc' in error


def test_a_checkpoint_without_rivals_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['train', '--data', str(tmp_path), '--checkpoint', str(tmp_path)]) == 2
    assert '--rivals' in capsys.readouterr().err


def test_the_command_leaves_rivals_their_card_and_the_papers_system_for_both_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_drawn_data(tmp_path, 'train', 4)
    (tmp_path / 'out/model').mkdir(parents=True)
    model = round_to_half(SplitDetector(small_config()))
    save_model(model, tmp_path / 'out/model/model.safetensors')
    monkeypatch.setitem(RIVALS, 'quick', RivalsPreset(SHORT, SHORT, SHORT))
    assert main(['train', '--rivals', '--data', str(tmp_path), '--device', 'cpu', '--output',
                 str(tmp_path / 'out')]) == 0
    assert load_rivals(tmp_path / 'out/rivals/rivals.safetensors').tables
    assert 'a third of each batch' in (tmp_path / 'out/rivals/MODEL_CARD.md').read_text()
    manifest = load_manifest(tmp_path / 'out/ensemble')
    assert [entry.width for entry in manifest.widths] == [0.25, 0.5, 0.75, 1.0]
