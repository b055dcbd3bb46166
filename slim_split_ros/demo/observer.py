"""
What happened to each frame between camera and detections, as anyone beside the robot sees it.

The observer matches messages by the camera's stamp and judges nothing.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
import math
import time

import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from vision_msgs.msg import Detection2DArray

from slim_split_ros.evaluation.figures.matching import NamedBoxes
from slim_split_ros.msg import EncodedFrame, EncoderStatus, LinkReport
from slim_split_ros.ros.topics.messages import to_ns
from slim_split_ros.ros.topics.qos import RELIABLE
from slim_split_ros.wire.message_size import answer_bytes

# Deep enough that a busy observer loses no message, so that what is missing was not sent.
_BEST_EFFORT = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
# Camera images that may still be encoded: many of a quick camera, these few of the largest.
_FEWEST_IMAGES = 8
_IMAGES_BYTES = 2**26
# Of those that were, and whose detections may still come: seconds of a slow server.
_AWAITED_BYTES = 2**26
# Of all images kept to be shown.
_KEPT_BYTES = 2**28
_MS_PER_NS = 1e-6


@dataclass(slots=True)
class FrameRecord:
    """
    Collect what was seen of one frame; a field is None until its message has come.

    `sent_s` and `arrived_s`, seconds since 1970, are what the observer sees; `arrived_s` is known
    where a link that it can look behind lies between both sides. `is_reported` says that the
    server told of the frame's arrival; `answer_bytes` is what its answer took. `image` is the
    camera's message, kept of some frames.
    """

    stamp_ns: int
    width: float | None = None
    sent_s: float | None = None
    arrived_s: float | None = None
    message_bytes: int = 0
    encode_ms: float = 0.0
    is_reported: bool = False
    server_ms: float | None = None
    answered_ns: int | None = None
    answer_bytes: int = 0
    found: NamedBoxes | None = None
    truth: NamedBoxes | None = None
    image: Image | CompressedImage | None = field(default=None, repr=False)

    @property
    def answered_ms(self) -> float | None:
        """From the camera's stamp to detections at the robot; None while there are none."""
        return None if self.answered_ns is None else (
            self.answered_ns - self.stamp_ns) * _MS_PER_NS


class Observer(Node):
    """
    Watch every topic between camera and detections, and keep a record of each frame.

    `pictures_period_s` says how often an image is kept; None is for a camera with intrinsics,
    whose stamps say enough: the images would cost more processor than the nodes that are
    measured. `sent` is the folder of topics that the robot publishes in where a link lies
    between both sides.
    """

    def __init__(self, pictures_period_s: float | None, sent: str | None = None) -> None:
        super().__init__('observer')
        self._pictures_period_ns = round((pictures_period_s or 0.0) * 1e9)
        self._next_picture_ns = 0
        self._kept_bytes = 0
        self._records: dict[int, FrameRecord] = {}
        self._encoded: list[FrameRecord] = []
        self._by_sequence: dict[int, FrameRecord] = {}
        self._images: OrderedDict[int, Image | CompressedImage] = OrderedDict()
        self._awaited: OrderedDict[int, Image | CompressedImage] = OrderedDict()
        self._status: EncoderStatus | None = None
        self._answers = 0
        self._report_bytes = 0
        if pictures_period_s is None:
            self.create_subscription(CameraInfo, 'camera_info', self._on_camera, _BEST_EFFORT)
        else:
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
        self.create_subscription(
            Detection2DArray, 'onboard/detections', self._on_detections, RELIABLE)
        self.create_subscription(
            LinkReport, 'link_report', self._on_report, _BEST_EFFORT, raw=True)
        self.create_subscription(EncoderStatus, 'onboard/status', self._on_status, RELIABLE)

    @property
    def answers(self) -> int:
        """Number of frames whose detections have come back to the robot."""
        return self._answers

    @property
    def report_bytes(self) -> int:
        """Bytes of all link reports so far, serialized."""
        return self._report_bytes

    @property
    def images_seen(self) -> bool:
        """Whether any camera image has come."""
        return bool(self._images)

    @property
    def encoded(self) -> list[FrameRecord]:
        """Every frame that was encoded, in the order they came; it grows."""
        return self._encoded

    @property
    def drops(self) -> dict[str, int]:
        """Frames that the onboard node has dropped since its start, by reason."""
        if self._status is None:
            return {}
        return dict(zip(self._status.drop_reasons, self._status.drop_counts, strict=True))

    def captured_since(self, start_ns: int) -> list[FrameRecord]:
        """Return the frames captured since then, encoded or not, in order."""
        return [seen for stamp_ns, seen in sorted(self._records.items()) if stamp_ns >= start_ns]

    def _record(self, stamp_ns: int) -> FrameRecord:
        return self._records.setdefault(stamp_ns, FrameRecord(stamp_ns))

    def _on_camera(self, message: CameraInfo) -> None:
        self._record(to_ns(message.header.stamp))

    def _on_image(self, message: Image | CompressedImage) -> None:
        seen = self._record(to_ns(message.header.stamp))
        # Large images queue before a busy observer, and what came of them overtakes them.
        if seen.found is not None:
            self._keep(seen, message)
        elif seen.width is not None:
            self._await(seen.stamp_ns, message)
        self._images[seen.stamp_ns] = message
        while len(self._images) > _FEWEST_IMAGES and _bytes(self._images) > _IMAGES_BYTES:
            self._images.popitem(last=False)

    def _on_truth(self, message: Detection2DArray) -> None:
        self._record(to_ns(message.header.stamp)).truth = read_boxes(message)

    def _on_features(self, serialized: bytes) -> None:
        message = deserialize_message(serialized, EncodedFrame)
        seen = self._record(to_ns(message.header.stamp))
        if seen.width is None:
            self._encoded.append(seen)
        seen.width = round(message.width, 4)  # it went through float32
        seen.sent_s = time.time()
        seen.message_bytes += len(serialized)
        seen.encode_ms = message.encode_ms
        self._by_sequence[message.sequence] = seen
        if (image := self._images.get(seen.stamp_ns)) is not None:
            self._await(seen.stamp_ns, image)

    def _await(self, stamp_ns: int, image: Image | CompressedImage) -> None:
        self._awaited[stamp_ns] = image
        while _bytes(self._awaited) > _AWAITED_BYTES:
            self._awaited.popitem(last=False)

    def _on_arrival(self, message: EncodedFrame) -> None:
        self._record(to_ns(message.header.stamp)).arrived_s = time.time()

    def _on_report(self, serialized: bytes) -> None:
        self._report_bytes += len(serialized)
        message = deserialize_message(serialized, LinkReport)
        for sequence, server_ms in zip(message.sequence, message.server_ms, strict=True):
            seen = self._by_sequence.get(sequence)
            if seen is not None:
                seen.is_reported = True
                if not math.isnan(server_ms):  # a report that a later one overtook knows less
                    seen.server_ms = server_ms

    def _on_detections(self, message: Detection2DArray) -> None:
        stamp_ns = to_ns(message.header.stamp)
        seen = self._record(stamp_ns)
        seen.answered_ns = time.time_ns()
        # Not by listening to `answer`: each listener makes it cross the link once more.
        seen.answer_bytes = answer_bytes(len(message.detections))
        seen.found = read_boxes(message)
        self._answers += 1
        image = self._awaited.pop(stamp_ns, None) or self._images.get(stamp_ns)
        if image is not None:
            self._keep(seen, image)

    def _keep(self, seen: FrameRecord, image: Image | CompressedImage) -> None:
        if (seen.stamp_ns >= self._next_picture_ns
                and self._kept_bytes + len(image.data) <= _KEPT_BYTES):
            seen.image = image
            self._kept_bytes += len(image.data)
            self._next_picture_ns = seen.stamp_ns + self._pictures_period_ns

    def _on_status(self, message: EncoderStatus) -> None:
        self._status = message


def _bytes(images: OrderedDict[int, Image | CompressedImage]) -> int:
    return sum(len(image.data) for image in images.values())


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
