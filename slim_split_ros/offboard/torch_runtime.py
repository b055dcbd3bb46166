"""The server's half on a GPU: run by torch, from `model.safetensors`."""

from __future__ import annotations

import numpy as np
import torch

from slim_split_ros.networks.candidates import top_candidates
from slim_split_ros.networks.detector import Prediction
from slim_split_ros.networks.errors import WeightsError
from slim_split_ros.networks.split_detector import normalize, to_pixels
from slim_split_ros.networks.stored_weights import WEIGHTS_FILE, load_model
from slim_split_ros.offboard.errors import ServerError
from slim_split_ros.offboard.postprocess import Candidates
from slim_split_ros.wire.manifest import Manifest


def gpu_is_available() -> bool:
    """Tell whether torch finds a GPU."""
    return torch.cuda.is_available()


class TorchRuntime:
    """
    Rebuild and detect on a torch device, with the answers of `OnnxRuntime`; pictures stay there.

    Raises ServerError for a device that torch cannot use, ManifestError or ServerError naming a
    file that cannot be loaded.
    """

    # Bounds the memory of one run.
    most_together = 16

    def __init__(self, manifest: Manifest, device: str) -> None:
        try:
            model = load_model(manifest.checked_file(WEIGHTS_FILE))
            self._model = model.to(device).requires_grad_(False)
        except WeightsError as error:
            raise ServerError(str(error)) from error
        except (RuntimeError, AssertionError) as error:  # what torch raises for lack of a device
            raise ServerError(
                f'device {device!r} cannot be used by torch ({str(error).splitlines()[0]}); set '
                'the parameter `device` to cpu') from error
        self._device = torch.device(device)
        self.place = f'{device} with torch'
        self._candidates = manifest.candidates

    @torch.inference_mode()
    def rebuild(
        self, symbols: np.ndarray, inverse_gain: np.ndarray, width_index: np.ndarray, *,
        with_pictures: bool, detects: bool,
    ) -> tuple[np.ndarray | None, list[Candidates] | None]:
        """Return pictures uint8 (N, H, W, 3), BGR, and candidates, what is wanted of both."""
        values = self._model.rebuild(*self._move(symbols, inverse_gain, width_index))
        pictures = to_pixels(values).cpu().numpy() if with_pictures else None
        return pictures, self._best(self._model.detector(values)) if detects else None

    @torch.inference_mode()
    def detect_symbols(
        self, symbols: np.ndarray, inverse_gain: np.ndarray, width_index: np.ndarray
    ) -> list[Candidates]:
        """Return the candidates of each frame of a model that rebuilds no pictures."""
        return self._best(self._model.decode(*self._move(symbols, inverse_gain, width_index)))

    @torch.inference_mode()
    def detect_pictures(self, pixels: np.ndarray) -> list[Candidates]:
        """Return the candidates of each input, uint8 (N, H, W, 3), BGR."""
        (moved,) = self._move(pixels)
        return self._best(self._model.detector(normalize(moved.permute(0, 3, 1, 2))))

    def _move(self, *arrays: np.ndarray) -> tuple[torch.Tensor, ...]:
        return tuple(torch.from_numpy(array).to(self._device) for array in arrays)

    def _best(self, prediction: Prediction) -> list[Candidates]:
        found = top_candidates(prediction, self._candidates)
        boxes, scores, labels = (tensor.cpu().numpy() for tensor in found)
        return [Candidates(*frame) for frame in zip(boxes, scores, labels, strict=True)]
