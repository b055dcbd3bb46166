"""The server's side: payloads to detections, on ONNX Runtime or torch, without ROS."""

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.offboard.annotate import draw_detections, new_canvas
from slim_split_ros.offboard.decode import ServerInput, check_header, decode_frame
from slim_split_ros.offboard.errors import (
    FingerprintMismatchError,
    FrameMismatchError,
    OffboardError,
    ServerError,
)
from slim_split_ros.offboard.postprocess import Candidates, select_detections
from slim_split_ros.offboard.server import Runtime, Server, load_server

__all__ = [
    'Candidates',
    'Detections',
    'FingerprintMismatchError',
    'FrameMismatchError',
    'OffboardError',
    'Runtime',
    'Server',
    'ServerError',
    'ServerInput',
    'check_header',
    'decode_frame',
    'draw_detections',
    'load_server',
    'new_canvas',
    'select_detections',
]
