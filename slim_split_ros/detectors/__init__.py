"""
Detectors: pictures to boxes, for ONNX files of the conventions that people have.

    detector = load_detector(Path('yolo11n.onnx'))
    detections = detector.detect(picture)     # uint8 (H, W, 3), BGR
"""

from slim_split_ros.detectors.detections import Detections, Dropped
from slim_split_ros.detectors.errors import DetectorError, DetectorFileError, DetectorRunError
from slim_split_ros.detectors.onnx_detector import OnnxDetector, load_detector

__all__ = [
    'Detections',
    'DetectorError',
    'DetectorFileError',
    'DetectorRunError',
    'Dropped',
    'OnnxDetector',
    'load_detector',
]
