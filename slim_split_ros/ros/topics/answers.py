"""
The way back: the server's answers become detections at the robot, under the camera's header.

The onboard node's half; `answer_message` is the offboard node's.
"""

from array import array
from collections.abc import Sequence
import math
import time

import numpy as np
from rclpy.node import Node
from rclpy.subscription import Subscription
from vision_msgs.msg import Detection2DArray, LabelInfo

from slim_split_ros.msg import Answer
from slim_split_ros.onboard import AnswerBook, AnswerDrop, Expected, ReplyGuard
from slim_split_ros.ros.health.diagnostics import AnswerCounters, Throttle
from slim_split_ros.ros.topics.messages import DetectionWriter, camera_header, checked_ns, to_stamp
from slim_split_ros.ros.topics.qos import RELIABLE, SENSOR_DATA, latched_by, overridable
from slim_split_ros.wire import FrameHeader, WireError
from slim_split_ros.wire.answer import AnswerData, read_boxes, read_names, seal_names
from slim_split_ros.wire.errors import DistrustError
from slim_split_ros.wire.fields import UINT16

DAMAGED = 'damaged'
UNAUTHENTICATED = 'unauthenticated'
# Servers whose detectors were named; the one that came first goes.
_TABLES = 8
_SENTENCES = {
    AnswerDrop.DUPLICATE: 'a frame was answered twice: two servers may answer this node',
    AnswerDrop.UNKNOWN: 'an answer is of no frame that this node sent lately'}


class Answers:
    """
    Subscribe to `answer` and publish `~/detections` of the frames that this node sent.

    What labels mean is the model's word as long as the server's detector has the same classes,
    else that of `label_info`, which is asked for then; until it comes the names are the numbers.
    """

    def __init__(
        self, node: Node, sender_start_ns: int, class_names: Sequence[str],
        counters: AnswerCounters, guard: ReplyGuard,
    ) -> None:
        self._node = node
        self._counters = counters
        self._guard = guard
        self._sender_start_ns = sender_start_ns
        self._book = AnswerBook()
        self._writers = {seal_names(class_names): DetectionWriter(class_names)}
        self._numbers = DetectionWriter(())  # what names labels that nobody has named
        self._names: Subscription | None = None
        self._throttle = Throttle()
        self._refusal = ''
        self._detections = node.create_publisher(
            Detection2DArray, '~/detections', **overridable(RELIABLE))
        node.create_subscription(Answer, 'answer', self._on_answer, **overridable(SENSOR_DATA))
        self._deadline_s = math.inf

    def close(self) -> None:
        """End asking for names: nobody else knows of that subscription."""
        if self._names is not None:
            self._node.destroy_subscription(self._names)

    def expect(self, header: FrameHeader, captured_s: float, deadline_s: float) -> None:
        """Remember a frame; call it, from any thread, before the frame is published."""
        self._deadline_s = deadline_s
        self._book.expect(header, captured_s)

    @property
    def refusal(self) -> str:
        """Why the last answer that was refused was; empty before the first."""
        return self._refusal

    def _on_answer(self, message: Answer) -> None:
        try:
            answer = read_answer(message)
        except WireError as error:
            self._refuse(DAMAGED, f'an answer cannot be read: {error}')
            return
        if answer.sender_start_ns != self._sender_start_ns:
            return  # another robot's, on the same topic
        try:
            self._guard.admit_answer(message)
        except DistrustError as error:
            self._refuse(UNAUTHENTICATED, str(error))
            return
        match self._book.take(answer):
            case Expected() as expected:
                self._take(answer, expected)
            case AnswerDrop() as drop:
                self._refuse(drop.value, _SENTENCES[drop])

    def _take(self, answer: AnswerData, expected: Expected) -> None:
        now_s = time.monotonic()
        self._counters.answered(now_s - expected.captured_s, self._deadline_s, now_s)
        if self._detections.get_subscription_count():
            geometry = expected.header.geometry
            boxes = answer.boxes(geometry.image_width, geometry.image_height)
            self._detections.publish(self._writer(answer).write(
                boxes, answer.scores / UINT16, answer.labels, camera_header(expected.header)))

    def _writer(self, answer: AnswerData) -> DetectionWriter:
        """Return what names the labels of an answer."""
        highest = int(answer.labels.max(initial=0))
        writer = self._writers.get(answer.class_names)
        if writer is None and self._names is None:
            self._names = self._node.create_subscription(
                LabelInfo, 'label_info', self._on_names, **overridable(latched_by(_TABLES)))
        if writer is not None and highest < len(writer.class_names):
            return writer
        if highest >= len(self._numbers.class_names):
            self._numbers = DetectionWriter([str(number) for number in range(1 + highest)])
        return self._numbers

    def _on_names(self, message: LabelInfo) -> None:
        try:
            names = read_names((item.class_id, item.class_name) for item in message.class_map)
        except WireError as error:
            self._refuse(DAMAGED, f'label_info cannot be read: {error}')
            return
        self._writers[seal_names(names)] = DetectionWriter(names)
        if len(self._writers) > _TABLES:
            del self._writers[list(self._writers)[1]]  # the first is this node's own

    def _refuse(self, reason: str, sentence: str) -> None:
        total = self._counters.refused()
        self._refusal = sentence
        if self._throttle.admits(reason, time.monotonic()):
            self._node.get_logger().warning(f'{sentence} ({reason}; {total} answers refused)')


def answer_message(answer: AnswerData) -> Answer:
    """Make the message of an answer."""
    return Answer(
        sender_start=to_stamp(answer.sender_start_ns), stamp=to_stamp(answer.stamp_ns),
        sequence=answer.sequence, class_names=answer.class_names,
        corners=_array(answer.corners), scores=_array(answer.scores),
        labels=_array(answer.labels))


def read_answer(message: Answer) -> AnswerData:
    """Return the checked answer; raise WireError for what cannot be one."""
    return AnswerData(
        checked_ns('sender_start', message.sender_start), checked_ns('stamp', message.stamp),
        message.sequence, message.class_names,
        *read_boxes(message.corners, message.scores, message.labels))


def _array(values: np.ndarray) -> array:
    filled = array('H')
    filled.frombytes(values.tobytes())
    return filled
