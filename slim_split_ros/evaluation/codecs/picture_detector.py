"""What a detector finds in pictures themselves, on ONNX Runtime, which is faster than torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import time

import numpy as np
from numpy.typing import NDArray
import onnxruntime

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.evaluation.codecs.codec import MAX_DETECTIONS
from slim_split_ros.evaluation.figures.coco_metrics import SCORE_FLOOR
from slim_split_ros.networks.config import INPUT_MULTIPLE
from slim_split_ros.networks.detector import Detector
from slim_split_ros.offboard.postprocess import Candidates, select_detections
from slim_split_ros.onboard.letterbox import letterbox
from slim_split_ros.training.export.onnx_graphs import write_picture_detector
from slim_split_ros.wire.geometry import FrameGeometry

OUTPUTS = ['boxes', 'scores', 'labels']
MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class DetectedPicture:
    """What was found, and how long that took from picture to boxes and in the network alone."""

    detections: Detections
    detect_ms: float
    network_ms: float


class PictureDetector:
    """Run a whole detector on one thread, on uint8 pictures (H, W, 3), BGR."""

    def __init__(self, detector: Detector, input_long_side: int, folder: Path) -> None:
        """Write the graph into `folder`, which is not needed afterwards."""
        path = folder / 'picture_detector.onnx'
        write_picture_detector(detector, path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider'])
        self._long_side = input_long_side

    def detect(self, image: NDArray[np.uint8]) -> DetectedPicture:
        """Return boxes x, y, w, h in pixels of the picture."""
        started_s = time.perf_counter()
        height, width = image.shape[:2]
        geometry = FrameGeometry.fit(width, height, self._long_side, INPUT_MULTIPLE)
        canvas = letterbox(image, geometry)
        network_started_s = time.perf_counter()
        outputs = self._session.run(OUTPUTS, {'image': canvas[np.newaxis]})
        network_ended_s = time.perf_counter()
        found = select_detections(
            Candidates(*(output[0] for output in outputs)), geometry, SCORE_FLOOR,
            MAX_DETECTIONS)
        return DetectedPicture(found, MS_PER_S * (time.perf_counter() - started_s),
                               MS_PER_S * (network_ended_s - network_started_s))
