"""What the outputs of each convention mean, one file a convention; a new one is added here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from slim_split_ros.detectors.candidates import Candidates, Outputs
from slim_split_ros.detectors.conventions.boxes_scores import read_boxes_scores
from slim_split_ros.detectors.conventions.end_to_end import read_end_to_end
from slim_split_ros.detectors.conventions.queries import read_queries
from slim_split_ros.detectors.conventions.queries_softmax import read_queries_softmax
from slim_split_ros.detectors.conventions.selected import read_selected
from slim_split_ros.detectors.conventions.tensorflow import read_tensorflow
from slim_split_ros.detectors.conventions.yolo import read_yolo
from slim_split_ros.detectors.conventions.yolov5 import read_yolov5
from slim_split_ros.detectors.conventions.yolox import read_yolox
from slim_split_ros.detectors.description import Convention, Description

READERS: Mapping[Convention, Callable[[Outputs, Description], Candidates]] = {
    Convention.YOLO: read_yolo,
    Convention.YOLOV5: read_yolov5,
    Convention.END_TO_END: read_end_to_end,
    Convention.YOLOX: read_yolox,
    Convention.SELECTED: read_selected,
    Convention.TENSORFLOW: read_tensorflow,
    Convention.QUERIES: read_queries,
    Convention.QUERIES_SOFTMAX: read_queries_softmax,
    Convention.BOXES_SCORES: read_boxes_scores,
}
