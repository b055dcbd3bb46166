"""The third stage: the server learns to repair pictures that were sent coarsely."""

from __future__ import annotations

from torch import Tensor

from slim_split_ros.networks.split_detector import SplitDetector, normalize
from slim_split_ros.training.data.batches import Batch
from slim_split_ros.training.objectives.distillation import distil, teacher_view
from slim_split_ros.training.objectives.objective import half_precision
from slim_split_ros.training.objectives.sent_pictures import SentPictures, coarse_modes

RATE_0_SHARE = 0.45


class CodecObjective:
    """
    Train the decoder's repairs, with the robot's symbols as they are and the detector as it is.

    What the detector makes of a repaired picture, features and answers, is to be what it makes
    of the camera's. Features alone are easier to learn and find fewer thin objects
    (`docs/experiments.md`).
    Each picture has a width, a rate and levels of its own.
    """

    name = 'codec'

    def __init__(self, model: SplitDetector, seed: int) -> None:
        self.module = model
        self._sent = SentPictures(
            model.encoder, coarse_modes(model.decoder), RATE_0_SHARE, seed)

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return one group; everything but repairs stays as it is."""
        self.module.requires_grad_(False)
        restorer = self.module.decoder.restorer.requires_grad_(True)
        return [{'params': list(restorer.parameters()), 'initial_lr': learning_rate,
                 'lr': learning_rate}]

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted sum of distillation and feature losses, and each."""
        model = self.module.eval()
        with half_precision(batch.images.device):
            image = normalize(batch.images)
            clean = teacher_view(model.detector, image)
            decoded = model.detector.stem(model.decoder(*self._sent.send(image, batch, step)))
            student = model.detector.from_features(decoded)
        distilled = distil(batch, decoded, student, clean)
        return distilled.total, {
            'distillation': distilled.answers.item(), 'features': distilled.features.item()}
