"""The server's half on a GPU: run by torch, from `model.safetensors`."""

from __future__ import annotations

import numpy as np
import torch

from slim_split_ros.networks.candidates import top_candidates
from slim_split_ros.networks.errors import WeightsError
from slim_split_ros.networks.stored_weights import WEIGHTS_FILE, load_model
from slim_split_ros.offboard.errors import ServerError
from slim_split_ros.offboard.postprocess import Candidates
from slim_split_ros.wire.manifest import Manifest


def gpu_is_available() -> bool:
    """Tell whether torch finds a GPU."""
    return torch.cuda.is_available()


class TorchRuntime:
    """
    Run decoder, detector and top-k on a torch device, with the answers of `OnnxRuntime`.

    Raises ServerError for a device that torch cannot use, ManifestError or ServerError naming a
    file that cannot be loaded.
    """

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
        self._candidates = manifest.candidates

    @torch.inference_mode()
    def run(
        self, symbols: np.ndarray, inverse_gain: np.ndarray, width_index: np.ndarray
    ) -> list[Candidates]:
        """Return the candidates of each frame of int8 (N, L, h, w), float32 (N, L), int64 (N,)."""
        inputs = (torch.from_numpy(array).to(self._device)
                  for array in (symbols, inverse_gain, width_index))
        found = top_candidates(self._model.decode(*inputs), self._candidates)
        boxes, scores, labels = (tensor.cpu().numpy() for tensor in found)
        return [Candidates(*frame) for frame in zip(boxes, scores, labels, strict=True)]
