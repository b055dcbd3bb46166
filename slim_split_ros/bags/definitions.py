"""
The messages that a bag of this package holds, known by their definitions, without ROS.

Our own come from `msg/`, of the checkout or installed; vision_msgs is missing in rosbags.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from slim_split_ros.bags.errors import BagError

PACKAGE = 'slim_split_ros'
FEATURES = f'{PACKAGE}/msg/EncodedFrame'
STATUS = f'{PACKAGE}/msg/EncoderStatus'
ANSWER = f'{PACKAGE}/msg/Answer'
REPORT = f'{PACKAGE}/msg/LinkReport'
DETECTIONS = 'vision_msgs/msg/Detection2DArray'
LABELS = 'vision_msgs/msg/LabelInfo'
# vision_msgs 4.1, as far as it is used here.
_VISION = {
    'Point2D': 'float64 x\nfloat64 y',
    'Pose2D': 'vision_msgs/Point2D position\nfloat64 theta',
    'BoundingBox2D': 'vision_msgs/Pose2D center\nfloat64 size_x\nfloat64 size_y',
    'ObjectHypothesis': 'string class_id\nfloat64 score',
    'ObjectHypothesisWithPose':
        'vision_msgs/ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose',
    'Detection2D': (
        'std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\n'
        'vision_msgs/BoundingBox2D bbox\nstring id'),
    'Detection2DArray': 'std_msgs/Header header\nvision_msgs/Detection2D[] detections',
    'VisionClass': 'uint16 class_id\nstring class_name',
    'LabelInfo': (
        'std_msgs/Header header\nvision_msgs/VisionClass[] class_map\nfloat32 threshold'),
}


@cache
def message_store() -> Typestore:
    """Return all types; raise BagError where the package's own definitions are missing."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for name, text in _VISION.items():
        store.register(get_types_from_msg(text, f'vision_msgs/msg/{name}'))
    for kind in (FEATURES, STATUS, REPORT, ANSWER):
        file = _own_folder() / f'{kind.rsplit("/", 1)[1]}.msg'
        store.register(get_types_from_msg(file.read_text(encoding='utf-8'), kind))
    return store


def _own_folder() -> Path:
    # Beside the package in a checkout, in `share` above it where colcon or pip installed it.
    for above in Path(__file__).resolve().parents[2:]:
        for folder in (above / 'msg', above / 'share' / PACKAGE / 'msg'):
            if (folder / 'EncodedFrame.msg').is_file():
                return folder
    raise BagError(
        f'{PACKAGE}/msg is missing beside this installation: install the package again, with its '
        'share folder')
