"""Answer how detections become `vision_msgs`, quickly, and what the class numbers mean."""

from collections.abc import Sequence

import numpy as np
from std_msgs.msg import Header
from vision_msgs.msg import (
    Detection2D,
    Detection2DArray,
    LabelInfo,
    ObjectHypothesisWithPose,
    VisionClass,
)


class DetectionWriter:
    """
    Fill one Detection2DArray again and again; each call invalidates the message before.

    A Detection2D takes 0.1 ms to make, most of it for a covariance that nobody fills, so the
    parts are made once and kept. For one thread; publish before the next call.
    """

    def __init__(self, class_names: Sequence[str]) -> None:
        self._class_names = tuple(class_names)
        self._kept: list[Detection2D] = []
        self._message = Detection2DArray()

    def write(
        self, boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, header: Header
    ) -> Detection2DArray:
        """Take boxes (n, 4) as x, y, w, h in pixels of the original image, scores, labels (n,)."""
        while len(self._kept) < len(scores):
            self._kept.append(Detection2D(results=[ObjectHypothesisWithPose()]))
        used = self._kept[:len(scores)]
        rows = np.column_stack([boxes, scores]).tolist()
        for detection, row, label in zip(used, rows, labels.tolist(), strict=True):
            self._fill(detection, row, self._class_names[label], header)
        self._message.header = header
        self._message.detections = used
        return self._message

    @staticmethod
    def _fill(detection: Detection2D, row: list[float], name: str, header: Header) -> None:
        x, y, width, height, score = row
        detection.header = header
        box = detection.bbox
        box.size_x, box.size_y = width, height
        center = box.center.position
        center.x, center.y = x + width / 2, y + height / 2
        hypothesis = detection.results[0].hypothesis
        hypothesis.class_id, hypothesis.score = name, score


def label_info(class_names: Sequence[str], header: Header, threshold: float) -> LabelInfo:
    """Name the classes by their numbers."""
    classes = [
        VisionClass(class_id=number, class_name=name)
        for number, name in enumerate(class_names)]
    return LabelInfo(header=header, class_map=classes, threshold=threshold)
