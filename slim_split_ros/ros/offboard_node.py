"""
The server's node: messages of features become detections.

    python -m slim_split_ros.ros.offboard_node --ros-args -p score_threshold:=0.4

It converts and publishes; whose frame is next, decoding and detecting are `offboard/`'s.
What people and other nodes see of the picture is `picture_topics.py`'s.
"""

if __name__ == '__main__':  # a signal, or a package missing, during the imports below
    from slim_split_ros.ros.process.ending import end_quietly
    end_quietly()

from collections.abc import Sequence
import secrets
import sys
import time

from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray, LabelInfo

from slim_split_ros.msg import Answer, EncodedFrame, LinkReport, ServerStatus
from slim_split_ros.offboard import (
    LONGEST_WAIT_S,
    MAX_SENDERS,
    Drop,
    FingerprintMismatchError,
    FrameGuard,
    FrameMismatchError,
    Load,
    OffboardError,
    Received,
    Reception,
    ReferenceLostError,
    Served,
    VideoMissingError,
)
from slim_split_ros.ros.errors import StartError
from slim_split_ros.ros.health.diagnostics import FAILURE, Diagnostics
from slim_split_ros.ros.health.findings import Finding
from slim_split_ros.ros.health.offboard_watch import OffboardWatch, Reading
from slim_split_ros.ros.health.server_status import (
    ServerFacts,
    ServiceCounters,
    server_status_message,
)
from slim_split_ros.ros.health.topic import DiagnosticsTopic
from slim_split_ros.ros.model import shipped_model
from slim_split_ros.ros.process.lifecycle import ManagedNode
from slim_split_ros.ros.process.spin import run_node
from slim_split_ros.ros.process.worker import Mailbox, Worker
from slim_split_ros.ros.serving import load_serving
from slim_split_ros.ros.settings.key_file import load_key
from slim_split_ros.ros.settings.offboard_parameters import OffboardSettings
from slim_split_ros.ros.settings.parameters import LiveParameters
from slim_split_ros.ros.topics.answers import answer_message
from slim_split_ros.ros.topics.messages import (
    DetectionWriter,
    camera_header,
    label_info,
    report_message,
)
from slim_split_ros.ros.topics.picture_topics import PictureTopics
from slim_split_ros.ros.topics.qos import LATCHED, RELIABLE, SENSOR_DATA, overridable
from slim_split_ros.ros.topics.waiting import Waiting, steady_clock
from slim_split_ros.wire import (
    ChecksumError,
    FieldError,
    FrameHeader,
    PayloadError,
    WireError,
    encoded_frame_bytes,
    read_frame,
)
from slim_split_ros.wire.answer import pack_answer, seal_names
from slim_split_ros.wire.errors import ReplayedError, UnauthenticatedError, UnprovenError
from slim_split_ros.wire.message_size import answer_bytes, link_report_bytes

_START_ERRORS = (StartError, WireError, OffboardError)
_STATUS_PERIOD_S = 1.0
# How soon a report that had to keep its distance to the one before follows it.
_REPORT_POLL_S = 0.025
# The words under which frames are counted that cannot be served.
_WORDS = (
    (FingerprintMismatchError, 'model'), (FrameMismatchError, 'mismatch'),
    (ReferenceLostError, 'reference'), (VideoMissingError, 'coder'),
    (ChecksumError, 'checksum'), (PayloadError, 'payload'), (FieldError, 'header'),
    (UnauthenticatedError, 'unauthenticated'), (UnprovenError, 'unproven'),
    (ReplayedError, 'replayed'))
_LESS = 'lower target_fps of the robots, or run the offboard node with torch on a GPU'
_SENTENCES = {
    Drop.NEWER: f'a newer frame took the place of one that waited; if many do, {_LESS}',
    Drop.DEADLINE: f'frames waited more than {LONGEST_WAIT_S:g} s behind others: {_LESS}',
    Drop.SENDERS: (
        f'more than {MAX_SENDERS} robots send to this node: start another one, in a namespace '
        'of its own'),
}


class Offboard(ManagedNode):
    """Decode each frame, finish the detection, publish, and report arrivals to the robot."""

    def __init__(self) -> None:
        super().__init__('offboard', _START_ERRORS)
        self._live = LiveParameters(self, OffboardSettings)
        self._counters = ServiceCounters()
        self._diagnostics = Diagnostics(self, self._counters.frames)
        self._forget()
        self._watch = OffboardWatch()
        self._status = self._topic(ServerStatus, '~/status', RELIABLE)
        self.create_timer(_STATUS_PERIOD_S, self._publish_status, clock=steady_clock())
        DiagnosticsTopic(self, self._judge)
        self._live.on_change(self._follow)
        if self._live.current.autostart:
            self.start_by_itself()

    def set_up(self) -> None:
        """Load the model, and publish what comes of it."""
        self._live.is_open = False
        receiver_id = secrets.randbits(64)
        self._guard = FrameGuard(load_key(self._live.current.auth_key_file), receiver_id)
        self._serving = load_serving(self._live.current, self.get_logger())
        facts = self._serving.facts
        self._reception = Reception(self._serving.manifest, receiver_id)
        self.get_logger().info(
            f'model {facts.fingerprint:016x} from {facts.model} on {facts.place}; '
            f'reports as receiver {receiver_id:016x}')
        self._connect()

    def start(self) -> None:
        """Listen to the robots."""
        # Holds no frames: it tells the worker that some wait.
        self._calls: Mailbox[str] = Mailbox()
        self._worker = Worker(self._calls, self._serve_next, self._diagnostics.failed)
        self._waiting = Waiting(self, self.create_subscription(
            EncodedFrame, 'features', self._on_features, **overridable(SENSOR_DATA)))
        self._pictures.listen(self)
        self.create_timer(_REPORT_POLL_S, self._publish_reports, clock=steady_clock())
        self._worker.start()

    def rest(self) -> None:
        """Wait for the frame in hand, for a limited time; what waits gets too old."""
        self._worker.stop()
        self._waiting = None

    def tear_down(self) -> None:
        """Forget model, detector and robots."""
        self._live.is_open = True
        self._forget()

    def _forget(self) -> None:
        self._serving = self._reception = self._labels = self._waiting = None

    def _connect(self) -> None:
        self._writer = DetectionWriter(self._serving.classes)
        self._class_names = seal_names(self._serving.classes)
        self._detections = self._topic(Detection2DArray, 'detections', RELIABLE)
        self._answers = self._topic(Answer, 'answer', SENSOR_DATA)
        self._labels = self._topic(LabelInfo, 'label_info', LATCHED)
        self._reports = self._topic(LinkReport, 'link_report', SENSOR_DATA)
        self._pictures = PictureTopics(self)
        self._publish_labels(self._live.current)

    def _follow(self, old: OffboardSettings, new: OffboardSettings) -> None:
        if self._labels is not None:
            self._publish_labels(new)

    def _topic(self, kind: type, name: str, qos: QoSProfile) -> Publisher:
        return self.create_publisher(kind, name, **overridable(qos))

    def _on_features(self, message: EncodedFrame) -> None:
        self._waiting.heard()
        self._counters.frames.came()
        arrival_s = time.monotonic()
        try:
            frame = read_frame(message)
            size = encoded_frame_bytes(frame.header.frame_id, len(frame.payload))
            frame = self._guard.admit(frame, arrival_s)
            drop = self._reception.receive(Received(frame, size, arrival_s))
        except (WireError, OffboardError) as error:
            self._refuse(error, message.sequence, message.fingerprint)
            return
        if drop:
            self._diagnostics.dropped(drop.value, _SENTENCES[drop])
        self._calls.put('frames wait')
        self._publish_reports()

    def _refuse(self, error: Exception, sequence: int, fingerprint: int) -> None:
        hint = ''
        if isinstance(error, FingerprintMismatchError) and (name := shipped_model(fingerprint)):
            hint = f'; that model is the shipped one, model:={name}'
        word = next((word for kind, word in _WORDS if isinstance(error, kind)), FAILURE)
        self._diagnostics.dropped(word, f'frame {sequence} dropped: {error}{hint}')

    def _serve_next(self, call: str) -> None:
        """Serve the frame whose turn it is, if one waits; runs in the worker's thread."""
        received, past_deadline = self._reception.next_frame(time.monotonic())
        if past_deadline:
            self._diagnostics.dropped(
                Drop.DEADLINE.value, _SENTENCES[Drop.DEADLINE], past_deadline)
        if received is not None:
            self._calls.put(call)
            self._serve(received)

    def _serve(self, received: Received) -> None:
        """Decode a frame and publish its detections."""
        header, settings = received.frame.header, self._live.current
        try:
            decoded = self._serving.decoder.decode(
                received.frame, received.earlier, received.arrival_s)
            self._reception.decoded(received)
            served, = self._serving.server.serve(
                [decoded],
                settings.score_threshold, settings.max_detections,
                with_pictures=self._pictures.are_wanted)
        except (WireError, OffboardError) as error:
            self._refuse(error, header.sequence, header.fingerprint)
            return
        self._publish(served, header)
        now_s = time.monotonic()
        self._reception.served(received, now_s)
        if not served.problem:
            self._counters.served(now_s - received.arrival_s, now_s)

    def _publish(self, served: Served, fields: FrameHeader) -> None:
        header, found = camera_header(fields), served.detections
        if served.problem:
            self._diagnostics.dropped('detector', f'nothing detected: {served.problem}')
        elif self._serving.detects:
            answer = answer_message(pack_answer(
                fields, found.boxes, found.scores, found.labels, self._class_names))
            answer.tag = self._guard.tag_answer(answer)
            self._answers.publish(answer)
            self._counters.sent_back(answer_bytes(len(found), len(answer.tag)), time.monotonic())
            # Never for the robot's sake, which has the answer: 8.8 kB for 20 boxes.
            if self._detections.get_subscription_count():
                self._detections.publish(
                    self._writer.write(found.boxes, found.scores, found.labels, header))
        self._pictures.publish(served, header, fields.geometry, self._serving.classes)

    def _publish_labels(self, settings: OffboardSettings) -> None:
        header = Header(stamp=self.get_clock().now().to_msg())
        self._labels.publish(label_info(self._serving.classes, header, settings.score_threshold))

    def _publish_reports(self) -> None:
        stamp_ns, now_s = self.get_clock().now().nanoseconds, time.monotonic()
        for report in (*self._reception.due_reports(now_s), *self._guard.questions(now_s)):
            message = report_message(report, stamp_ns)
            message.tag = self._guard.tag_report(message)
            self._reports.publish(message)
            self._counters.sent_back(
                link_report_bytes(len(report.arrivals), len(message.tag)), now_s)

    def _publish_status(self) -> None:
        now = self._reading(time.monotonic())
        self._status.publish(server_status_message(
            now.state, now.facts, now.service, now.load, self.get_clock().now().to_msg()))

    def _judge(self) -> list[Finding]:
        now_s = time.monotonic()
        return self._watch.judge(self._reading(now_s), now_s)

    def _reading(self, now_s: float) -> Reading:
        serving = self._serving
        return Reading(
            self.state, serving.facts if serving else ServerFacts(),
            serving.detector_problem if serving else '',
            self._waiting.silence if self._waiting else '', self._counters.snapshot(now_s),
            self._reception.load if self._reception else Load(), self._diagnostics.sentences)


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(Offboard, args, start_errors=_START_ERRORS)


if __name__ == '__main__':
    sys.exit(main())
