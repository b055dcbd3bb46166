"""
Answer what happened to each frame between camera and detections, as anyone on the topics sees it.

The observer matches messages by the camera's stamp and judges nothing.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
import math
import time

import cv2
import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Detection2DArray

from slim_split_ros.evaluation.matching import NamedBoxes
from slim_split_ros.msg import EncodedFrame, EncoderStatus, LinkReport
from slim_split_ros.ros.messages import decode_compressed, to_ns, view_raw
from slim_split_ros.ros.qos import RELIABLE

# Deep enough that a busy observer loses no message, so that what is missing was not sent.
_BEST_EFFORT = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
# Camera images whose detections may still come.
_IMAGES_KEPT = 8
_JPEG_QUALITY = 88
_MS_PER_NS = 1e-6


@dataclass(slots=True)
class FrameRecord:
    """
    Collect what was seen of one frame; a field is None until its message has come.

    `sent_s` and `arrived_s`, seconds since 1970, are known where a link lies between both sides.
    """

    stamp_ns: int
    width: float | None = None
    sent_s: float | None = None
    arrived_s: float | None = None
    message_bytes: int = 0
    encode_ms: float = 0.0
    server_ms: float | None = None
    answered_ms: float | None = None
    found: NamedBoxes | None = None
    truth: NamedBoxes | None = None
    jpeg: bytes | None = field(default=None, repr=False)


class Observer(Node):
    """
    Watch every topic between camera and detections, and keep a record of each frame.

    `sent` is the folder of topics that the robot publishes in where a link lies between both.
    """

    def __init__(self, picture_period_s: float, sent: str | None = None) -> None:
        super().__init__('demo_observer')
        self._picture_period_ns = round(picture_period_s * 1e9)
        self._next_picture_ns = 0
        self._sightings: dict[int, FrameRecord] = {}
        self._by_sequence: dict[int, FrameRecord] = {}
        self._images: OrderedDict[int, Image | CompressedImage] = OrderedDict()
        self._status: EncoderStatus | None = None
        self._answers = 0
        self.create_subscription(Image, 'image', self._on_image, _BEST_EFFORT)
        self.create_subscription(
            CompressedImage, 'image/compressed', self._on_image, _BEST_EFFORT)
        self.create_subscription(Detection2DArray, 'ground_truth', self._on_truth, RELIABLE)
        # Serialized, because the size is what the table is about.
        self.create_subscription(
            EncodedFrame, f'{sent}/features' if sent else 'features', self._on_features,
            _BEST_EFFORT, raw=True)
        if sent:
            self.create_subscription(EncodedFrame, 'features', self._on_arrival, _BEST_EFFORT)
        self.create_subscription(Detection2DArray, 'detections', self._on_detections, RELIABLE)
        self.create_subscription(LinkReport, 'link_report', self._on_report, _BEST_EFFORT)
        self.create_subscription(EncoderStatus, 'onboard/status', self._on_status, RELIABLE)

    @property
    def answers(self) -> int:
        """Number of frames whose detections have come."""
        return self._answers

    @property
    def images_seen(self) -> bool:
        """Whether any camera image has come."""
        return bool(self._images)

    @property
    def features_seen(self) -> bool:
        """Whether any encoded frame has come."""
        return any(seen.width is not None for seen in self._sightings.values())

    @property
    def drops(self) -> dict[str, int]:
        """Frames that the onboard node has dropped since its start, by reason."""
        if self._status is None:
            return {}
        return dict(zip(self._status.drop_reasons, self._status.drop_counts, strict=True))

    def encoded_since(self, start_ns: int) -> list[FrameRecord]:
        """Return the frames captured since then that were encoded, in order."""
        return [seen for stamp_ns, seen in sorted(self._sightings.items())
                if stamp_ns >= start_ns and seen.width is not None]

    def captured_since(self, start_ns: int) -> list[int]:
        """Return the stamps of the camera's images since then, encoded or not, in order."""
        return sorted(stamp_ns for stamp_ns in self._sightings if stamp_ns >= start_ns)

    def _record(self, stamp_ns: int) -> FrameRecord:
        return self._sightings.setdefault(stamp_ns, FrameRecord(stamp_ns))

    def _on_image(self, message: Image | CompressedImage) -> None:
        stamp_ns = self._record(to_ns(message.header.stamp)).stamp_ns
        self._images[stamp_ns] = message
        if len(self._images) > _IMAGES_KEPT:
            self._images.popitem(last=False)

    def _on_truth(self, message: Detection2DArray) -> None:
        self._record(to_ns(message.header.stamp)).truth = read_boxes(message)

    def _on_features(self, serialized: bytes) -> None:
        message = deserialize_message(serialized, EncodedFrame)
        seen = self._record(to_ns(message.header.stamp))
        seen.width = message.width
        seen.sent_s = time.time()
        seen.message_bytes += len(serialized)
        seen.encode_ms = message.encode_ms
        self._by_sequence[message.sequence] = seen

    def _on_arrival(self, message: EncodedFrame) -> None:
        self._record(to_ns(message.header.stamp)).arrived_s = time.time()

    def _on_report(self, message: LinkReport) -> None:
        for sequence, server_ms in zip(message.sequence, message.server_ms, strict=True):
            if sequence in self._by_sequence and not math.isnan(server_ms):
                self._by_sequence[sequence].server_ms = server_ms

    def _on_detections(self, message: Detection2DArray) -> None:
        now_ns = time.time_ns()
        stamp_ns = to_ns(message.header.stamp)
        seen = self._record(stamp_ns)
        seen.answered_ms = (now_ns - stamp_ns) * _MS_PER_NS
        seen.found = read_boxes(message)
        self._answers += 1
        if stamp_ns >= self._next_picture_ns and stamp_ns in self._images:
            seen.jpeg = _to_jpeg(self._images[stamp_ns])
            self._next_picture_ns = stamp_ns + self._picture_period_ns

    def _on_status(self, message: EncoderStatus) -> None:
        self._status = message


def read_boxes(message: Detection2DArray) -> NamedBoxes:
    """Return boxes as x, y, w, h with the best hypothesis of each detection."""
    best = [
        max((result.hypothesis for result in detection.results), key=lambda item: item.score)
        for detection in message.detections]
    return NamedBoxes(
        _corner_boxes(message.detections), tuple(item.class_id for item in best),
        tuple(item.score for item in best))


def _corner_boxes(detections: Sequence) -> np.ndarray:
    rows = [
        (box.center.position.x - box.size_x / 2, box.center.position.y - box.size_y / 2,
         box.size_x, box.size_y)
        for box in (detection.bbox for detection in detections)]
    return np.array(rows, np.float64).reshape(-1, 4)


def _to_jpeg(message: Image | CompressedImage) -> bytes:
    read_pixels = decode_compressed if isinstance(message, CompressedImage) else view_raw
    view = read_pixels(message)
    pixels = view.array if view.channel_order == 'bgr' else view.array[..., ::-1]
    _, jpeg = cv2.imencode(
        '.jpg', np.ascontiguousarray(pixels), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return jpeg.tobytes()
