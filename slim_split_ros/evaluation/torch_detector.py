"""What does the detector find in pictures themselves, undamaged or through an image codec?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import torch

from slim_split_ros.networks.candidates import top_candidates
from slim_split_ros.networks.config import INPUT_MULTIPLE
from slim_split_ros.networks.split_detector import normalize
from slim_split_ros.networks.stored_weights import CodecModel
from slim_split_ros.offboard.detections import Detections
from slim_split_ros.offboard.postprocess import Candidates, select_detections
from slim_split_ros.onboard.letterbox import letterbox
from slim_split_ros.wire.geometry import FrameGeometry


class TorchDetector:
    """Run stem, trunk, neck and head on uint8 pictures (H, W, 3), BGR."""

    def __init__(self, model: CodecModel, score_threshold: float, max_detections: int
                 ) -> None:
        self._detector = model.detector.eval()
        self._long_side = model.config.input_long_side
        self._threshold = score_threshold
        self._max_detections = max_detections

    @torch.no_grad()
    def detect(self, image: NDArray[np.uint8]) -> Detections:
        """Return boxes x, y, w, h in pixels of the picture."""
        height, width = image.shape[:2]
        geometry = FrameGeometry.fit(width, height, self._long_side, INPUT_MULTIPLE)
        pixels = torch.from_numpy(letterbox(image, geometry).copy())[None].permute(0, 3, 1, 2)
        boxes, scores, labels = top_candidates(self._detector(normalize(pixels)))
        candidates = Candidates(boxes[0].numpy(), scores[0].numpy(), labels[0].numpy())
        return select_detections(candidates, geometry, self._threshold, self._max_detections)
