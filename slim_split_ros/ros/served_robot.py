"""
One robot at its server: its frames are checked and wait; what came of them goes back to it.

Whose turn it is and what serves the frames are not known here: a robot that floods or sends
nonsense meets its own counters, its own video and its own topics alone.
"""

from collections.abc import Callable
import time

from rclpy.node import Node

from slim_split_ros.msg import EncodedFrame, ServerStatus
from slim_split_ros.offboard import (
    LONGEST_WAIT_S,
    MAX_SENDERS,
    Drop,
    FingerprintMismatchError,
    FrameDecoder,
    FrameGuard,
    FrameMismatchError,
    OffboardError,
    PictureInput,
    Received,
    Reception,
    ReferenceLostError,
    Served,
    ServerInput,
    VideoMissingError,
)
from slim_split_ros.ros.health.diagnostics import FAILURE, Diagnostics
from slim_split_ros.ros.health.findings import Finding
from slim_split_ros.ros.health.robot import RobotWatch
from slim_split_ros.ros.health.server_status import ServiceCounters, server_status_message
from slim_split_ros.ros.model import shipped_model
from slim_split_ros.ros.serving import Serving
from slim_split_ros.ros.topics.namespaces import topic_of
from slim_split_ros.ros.topics.qos import RELIABLE, SENSOR_DATA, TopicOptions
from slim_split_ros.ros.topics.robot_topics import RobotTopics
from slim_split_ros.ros.topics.waiting import Waiting
from slim_split_ros.wire import (
    ChecksumError,
    FieldError,
    PayloadError,
    WireError,
    encoded_frame_bytes,
    read_frame,
)
from slim_split_ros.wire.errors import ReplayedError, UnauthenticatedError, UnprovenError

# The words under which frames are counted that cannot be served.
_WORDS = (
    (FingerprintMismatchError, 'model'), (FrameMismatchError, 'mismatch'),
    (ReferenceLostError, 'reference'), (VideoMissingError, 'coder'),
    (ChecksumError, 'checksum'), (PayloadError, 'payload'), (FieldError, 'header'),
    (UnauthenticatedError, 'unauthenticated'), (UnprovenError, 'unproven'),
    (ReplayedError, 'replayed'))
_LESS = ('lower target_fps of the robots, take a smaller detector or, for one of the model itself '
         '(an ONNX file stays on the processor), torch and a GPU')
_SENTENCES = {
    Drop.NEWER: f'a newer frame took the place of one that waited; if many do, {_LESS}',
    Drop.DEADLINE: f'frames waited more than {LONGEST_WAIT_S:g} s behind others: {_LESS}',
    Drop.SENDERS: (
        f'more than {MAX_SENDERS} senders are on this topic: give robots namespaces of their own, '
        'and set `robots`'),
}
_REMEDY = {EncodedFrame: 'start the onboard node with this name, or change `robots`'}
# Remapping `features` would send reports and answers where no robot hears them.
_REMEDY_OF_ONE = {EncodedFrame: "set `robots` to these namespaces, such as robots:='*', or start "
                                'this node in one of them'}


class ServedRobot:
    """Receive one robot's frames, and publish what comes of them; '' is the node's namespace."""

    def __init__(
        self, node: Node, name: str, options: TopicOptions, serving: Serving, guard: FrameGuard,
        total: ServiceCounters,
    ) -> None:
        self.name = name
        self._options = options
        self.counters = ServiceCounters(total)
        self.diagnostics = Diagnostics(node, self.counters.frames, name)
        self.reception = Reception(serving.manifest, guard.receiver_id)
        self.topics = RobotTopics(node, name, serving.classes, options, guard)
        self._node, self._serving, self._guard = node, serving, guard
        self._decoder = FrameDecoder(serving.manifest)
        self._waiting: Waiting | None = None
        self._watch = RobotWatch(name)
        # Whether a frame of it ever was good enough to wait.
        self.has_sent = False
        if name:
            self._status = node.create_publisher(
                ServerStatus, self._topic('~/status'), **options(RELIABLE))

    @property
    def key(self) -> int:
        """Name it to servers elsewhere, which serve robots of several nodes."""
        return self._guard.receiver_id

    @property
    def silence(self) -> str:
        """Why nothing comes, a sentence; empty while something does, and while not listening."""
        return self._waiting.silence if self._waiting else ''

    def listen(self, wake: Callable[[], None]) -> None:
        """Take frames from now on, and wake whoever serves them."""
        self._wake = wake
        self.topics.listen()
        self._waiting = Waiting(self._node, self._node.create_subscription(
            EncodedFrame, self._topic('features'), self._on_features,
            **self._options(SENSOR_DATA)), remedies=_REMEDY if self.name else _REMEDY_OF_ONE)

    def rest(self) -> None:
        """Forget what was listened to; what waits gets too old."""
        self.topics.rest()
        self._waiting = None

    def decode(self, received: Received) -> ServerInput | PictureInput | None:
        """Decode a frame; None for one that cannot be, which is counted and explained."""
        header = received.frame.header
        try:
            decoded = self._decoder.decode(
                received.frame, received.earlier, received.arrival_s)
        except (WireError, OffboardError) as error:
            self._refuse(error, header.sequence, header.fingerprint)
            return None
        self.reception.decoded(received)
        return decoded

    def refused(self, received: Received, error: Exception) -> None:
        """Count and explain a frame that a server elsewhere could not serve."""
        header = received.frame.header
        self._refuse(error, header.sequence, header.fingerprint)

    def given_up(self, received: Received, reason: str, sentence: str) -> None:
        """Count a frame that nobody served, and keep it for those that lean on it."""
        self.reception.give_back(received)
        self.diagnostics.dropped(reason, sentence)

    def publish(self, received: Received, served: Served) -> None:
        """Publish what came of a frame."""
        header = received.frame.header
        if served.problem:
            self.diagnostics.dropped('detector', f'nothing detected: {served.problem}')
        elif self._serving.detects:
            size = self.topics.publish_answer(served, header)
            self.counters.sent_back(size, time.monotonic())
        self.topics.publish_pictures(served, header)
        now_s = time.monotonic()
        self.reception.served(received, now_s)
        if not served.problem:
            self.counters.served(now_s - received.arrival_s, now_s)

    def publish_reports(self) -> None:
        """Publish the reports that are due."""
        now_s = time.monotonic()
        for report in (*self.reception.due_reports(now_s), *self._guard.questions(now_s)):
            self.counters.sent_back(self.topics.publish_report(report), now_s)

    def publish_status(self, state: str) -> None:
        """Publish the status of this robot alone; the node's own has the sum of all."""
        self._status.publish(server_status_message(
            state, self._serving.facts, self.counters.snapshot(time.monotonic()),
            self.reception.load, self._node.get_clock().now().to_msg()))

    def judge(self, state: str, now_s: float) -> Finding:
        """Return what is to be said of this robot alone."""
        return self._watch.judge(
            state, self.counters.snapshot(now_s), self.reception.load, self.silence,
            self.diagnostics.sentences, now_s)

    def too_old(self, number: int, sentence: str = _SENTENCES[Drop.DEADLINE]) -> None:
        """Count frames that waited for too long."""
        self.diagnostics.dropped(Drop.DEADLINE.value, sentence, number)

    def _topic(self, topic: str) -> str:
        return topic_of(self.name, topic, self._node.get_name())

    def _on_features(self, message: EncodedFrame) -> None:
        self._waiting.heard()
        self.counters.frames.came()
        arrival_s = time.monotonic()
        try:
            frame = read_frame(message)
            size = encoded_frame_bytes(frame.header.frame_id, len(frame.payload))
            frame = self._guard.admit(frame, arrival_s)
            drop = self.reception.receive(Received(frame, size, arrival_s))
        except (WireError, OffboardError) as error:
            self._refuse(error, message.sequence, message.fingerprint)
            return
        self.has_sent = True
        if drop:
            self.diagnostics.dropped(drop.value, _SENTENCES[drop])
        self._wake()
        self.publish_reports()

    def _refuse(self, error: Exception, sequence: int, fingerprint: int) -> None:
        hint = ''
        if isinstance(error, FingerprintMismatchError) and (name := shipped_model(fingerprint)):
            hint = f'; that model is the shipped one, model:={name}'
        word = next((word for kind, word in _WORDS if isinstance(error, kind)), FAILURE)
        self.diagnostics.dropped(word, f'frame {sequence} dropped: {error}{hint}')
