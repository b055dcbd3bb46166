"""What a replay leaves in a bag: the topics of both nodes, as `ros2 bag play` shows them again."""

from __future__ import annotations

from collections.abc import Sequence
import math
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)

from slim_split_ros.bags.definitions import (
    ANSWER,
    DETECTIONS,
    FEATURES,
    LABELS,
    REPORT,
    STATUS,
    message_store,
)
from slim_split_ros.bags.read import COMPRESSED
from slim_split_ros.bags.replay.encoder_state import EncoderState
from slim_split_ros.bags.write import BagWriter
from slim_split_ros.control import WidthController
from slim_split_ros.offboard import Detections, Report
from slim_split_ros.wire import Frame, frame_fields
from slim_split_ros.wire.answer import pack_answer, seal_names

# As `~/picture/compressed` has it.
_JPEG_QUALITY = 90
_MS_PER_S = 1e3
_NO_TAG = np.empty(0, np.uint8)
_FOREVER = QosTime(0x7fffffff, 0xffffffff)
# `label_info` comes once: who joins later gets it all the same.
_LATCHED = Qos(
    QosHistory.KEEP_LAST, 1, QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL, _FOREVER,
    _FOREVER, QosLiveliness.AUTOMATIC, _FOREVER, False)


class ResultsBag:
    """
    Write messages of both nodes to a new bag; use it in a `with` statement.

    Topics are those of nodes without a namespace. Raises BagError where the folder exists.
    """

    def __init__(self, path: Path, classes: Sequence[str]) -> None:
        self._store = message_store()
        self._types = self._store.types
        self._classes = tuple(classes)
        self._class_names = seal_names(self._classes)
        self._writer = BagWriter(path, self._store)

    def __enter__(self) -> ResultsBag:
        self._writer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    def write_labels(self, threshold: float, time_ns: int) -> None:
        """Write which number means which class."""
        known = [self._types['vision_msgs/msg/VisionClass'](class_id=number, class_name=name)
                 for number, name in enumerate(self._classes) if name]
        self._writer.write('/label_info', self._types[LABELS](
            header=self._writer.header(time_ns, ''), class_map=known, threshold=threshold),
            time_ns, (_LATCHED,))

    def write_features(self, frame: Frame, time_ns: int) -> None:
        """Write a frame as the onboard node publishes it."""
        fields = frame.header
        self._writer.write('/features', self._types[FEATURES](
            header=self._writer.header(fields.stamp_ns, fields.frame_id),
            sender_start=self._writer.stamp(fields.sender_start_ns),
            payload=np.frombuffer(frame.payload, np.uint8), **frame_fields(frame)), time_ns)

    def write_detections(self, frame: Frame, found: Detections, time_ns: int) -> None:
        """Write what was found in a frame, for the server's side and for the robot."""
        answer = pack_answer(
            frame.header, found.boxes, found.scores, found.labels, self._class_names)
        self._writer.write('/answer', self._types[ANSWER](
            sender_start=self._writer.stamp(answer.sender_start_ns),
            stamp=self._writer.stamp(answer.stamp_ns), sequence=answer.sequence,
            class_names=answer.class_names, corners=np.ravel(answer.corners),
            scores=answer.scores, labels=answer.labels, tag=_NO_TAG), time_ns)
        header = self._writer.header(frame.header.stamp_ns, frame.header.frame_id)
        self._writer.write('/detections', self._types[DETECTIONS](header=header, detections=[
            self._detection(header, box.tolist(), float(score), self._classes[int(label)])
            for box, score, label in zip(
                found.boxes.astype(np.float64), found.scores, found.labels, strict=True)]),
            time_ns)

    def write_picture(self, frame: Frame, picture: np.ndarray, time_ns: int) -> None:
        """Write the rebuilt picture, uint8 (h, w, 3), BGR, as JPEG."""
        _, data = cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        self._writer.write('/offboard/picture/compressed', self._types[COMPRESSED](
            header=self._writer.header(frame.header.stamp_ns, frame.header.frame_id),
            format='bgr8; jpeg compressed bgr8', data=data.ravel()), time_ns)

    def write_report(self, report: Report, time_ns: int) -> None:
        """Write what the server told the robot."""
        arrivals = report.arrivals
        self._writer.write('/link_report', self._types[REPORT](
            stamp=self._writer.stamp(time_ns),
            sender_start=self._writer.stamp(report.sender_start_ns),
            report_sequence=report.report_sequence, receiver_id=report.receiver_id,
            sent_s=report.sent_s, decoded_sequence=report.decoded_sequence,
            sequence=np.array([arrival.sequence for arrival in arrivals], np.uint32),
            arrival_s=np.array([arrival.arrival_s for arrival in arrivals], np.float64),
            bytes=np.array([arrival.message_bytes for arrival in arrivals], np.uint32),
            server_ms=np.array([_MS_PER_S * arrival.server_s for arrival in arrivals],
                               np.float32), tag=_NO_TAG), time_ns)

    def write_status(self, status: EncoderState, controller: WidthController,
                     now_s: float, time_ns: int) -> None:
        """Write what the onboard node did and why."""
        fields = status.last.frame.header
        drops = status.drops
        self._writer.write('/onboard/status', self._types[STATUS](
            header=self._writer.header(fields.stamp_ns, fields.frame_id),
            state='active', width=fields.width, rate=fields.rate, coder=status.last.coder,
            alone=fields.reference is None, reason=status.reason,
            payload_bytes=len(status.last.frame.payload), encode_ms=fields.encode_ms,
            frames_in=status.frames_in, frames_sent=status.frames_sent,
            drop_reasons=list(drops), drop_counts=np.array([*drops.values()], np.uint64),
            rate_kbps=status.rate_kbps(now_s), capacity_kbps=_or_nan(controller.capacity_kbps),
            backlog_ms=_or_nan(controller.backlog_ms), frames_answered=status.answered,
            answers_late=status.late, answers_refused=0, answer_ms=status.answer_ms(now_s),
            reports_refused=0), time_ns)

    def _detection(self, header: Any, box: list[float], score: float, name: str) -> Any:
        types = self._types
        x, y, width, height = box
        pose = types['geometry_msgs/msg/PoseWithCovariance'](
            pose=types['geometry_msgs/msg/Pose'](
                position=types['geometry_msgs/msg/Point'](0.0, 0.0, 0.0),
                orientation=types['geometry_msgs/msg/Quaternion'](0.0, 0.0, 0.0, 1.0)),
            covariance=np.zeros(36))
        centre = types['vision_msgs/msg/Pose2D'](
            position=types['vision_msgs/msg/Point2D'](x + width / 2, y + height / 2), theta=0.0)
        return types['vision_msgs/msg/Detection2D'](
            header=header, id='',
            results=[types['vision_msgs/msg/ObjectHypothesisWithPose'](
                hypothesis=types['vision_msgs/msg/ObjectHypothesis'](name, score), pose=pose)],
            bbox=types['vision_msgs/msg/BoundingBox2D'](centre, width, height))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
