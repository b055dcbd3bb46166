"""The server's side: payloads to detections, on ONNX Runtime or torch, without ROS."""

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.offboard.annotate import draw_detections, new_canvas
from slim_split_ros.offboard.arrivals import Arrival, Report
from slim_split_ros.offboard.batches import Batches, Turn
from slim_split_ros.offboard.decode import (
    PictureInput,
    ServerInput,
    check_frame,
    decode_frame,
)
from slim_split_ros.offboard.errors import (
    FingerprintMismatchError,
    FrameMismatchError,
    OffboardError,
    ReferenceLostError,
    ServerError,
    VideoMissingError,
)
from slim_split_ros.offboard.frame_decoder import FrameDecoder
from slim_split_ros.offboard.frame_guard import FrameGuard, Starts
from slim_split_ros.offboard.postprocess import Candidates, select_detections
from slim_split_ros.offboard.reception import (
    LONGEST_WAIT_S,
    MAX_SENDERS,
    Drop,
    Load,
    Reception,
)
from slim_split_ros.offboard.sender import Received
from slim_split_ros.offboard.server import Runtime, Served, Server, load_server

__all__ = [
    'LONGEST_WAIT_S',
    'MAX_SENDERS',
    'Arrival',
    'Batches',
    'Candidates',
    'Detections',
    'Drop',
    'FingerprintMismatchError',
    'FrameDecoder',
    'FrameGuard',
    'FrameMismatchError',
    'Load',
    'OffboardError',
    'PictureInput',
    'Received',
    'Reception',
    'ReferenceLostError',
    'Report',
    'Runtime',
    'Served',
    'Server',
    'ServerError',
    'ServerInput',
    'Starts',
    'Turn',
    'VideoMissingError',
    'check_frame',
    'decode_frame',
    'draw_detections',
    'load_server',
    'new_canvas',
    'select_detections',
]
