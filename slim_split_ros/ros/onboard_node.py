"""
The robot's node: a camera image becomes a message of features, or it is said why not.

    python -m slim_split_ros.ros.onboard_node --ros-args -p width:=0.5

It converts and publishes; what becomes of an image is `onboard/sender.py`'s.
"""

if __name__ == '__main__':  # a signal, or a package missing, during the imports below
    from slim_split_ros.ros.process.ending import end_quietly
    end_quietly()

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
import sys
import time

from std_msgs.msg import Header

from slim_split_ros.control import (
    LATE,
    ControlError,
    OtherReceiver,
    WidthController,
    unmeasured_points,
)
from slim_split_ros.msg import EncodedFrame, EncoderStatus, LinkReport
from slim_split_ros.onboard import (
    CameraImage,
    Dropped,
    FrameEncoder,
    Held,
    OnboardError,
    Pacer,
    ReplyGuard,
    Sender,
    Sent,
    image_age_s,
)
from slim_split_ros.ros.errors import StartError
from slim_split_ros.ros.health.diagnostics import (
    AnswerCounters,
    Diagnostics,
    FrameCounters,
    Throttle,
)
from slim_split_ros.ros.health.findings import Finding
from slim_split_ros.ros.health.onboard_watch import OnboardWatch, Reading, Topics
from slim_split_ros.ros.health.topic import DiagnosticsTopic
from slim_split_ros.ros.keep_frames import FrameKeeper
from slim_split_ros.ros.model import bundle_folder, warn_of_slow_coder
from slim_split_ros.ros.process.lifecycle import ACTIVE, ManagedNode
from slim_split_ros.ros.process.spin import run_node
from slim_split_ros.ros.process.worker import Mailbox, Worker
from slim_split_ros.ros.settings.key_file import load_key
from slim_split_ros.ros.settings.onboard_parameters import (
    OnboardSettings,
    control_settings,
    follow_widths,
)
from slim_split_ros.ros.settings.parameters import LiveParameters
from slim_split_ros.ros.topics.answers import Answers
from slim_split_ros.ros.topics.camera_topic import CameraMessage, CameraTopic
from slim_split_ros.ros.topics.messages import (
    LastFrame,
    LinkEstimate,
    checked_ns,
    frame_message,
    read_report,
    report_data,
    status_message,
)
from slim_split_ros.ros.topics.qos import RELIABLE, SENSOR_DATA, overridable
from slim_split_ros.ros.topics.waiting import steady_clock
from slim_split_ros.weights.operating_point_file import POINTS_FILE, find_operating_points
from slim_split_ros.wire import WireError, load_manifest

NO_SUBSCRIBER = 'no_subscriber'
_START_ERRORS = (StartError, WireError, OnboardError, ControlError)
_STATUS_PERIOD_S = 1.0


@dataclass(frozen=True, slots=True)
class _Offered:
    """
    Hold an image in the mailbox, and the reason that counts if it waits there in vain.

    `age_s` is how old it was when it came.
    """

    image: CameraImage
    header: Header
    age_s: float
    drop_reason: str = 'encoder_busy'


class Onboard(ManagedNode):
    """Encode the newest image, publish its features, and say what was done and why."""

    def __init__(self) -> None:
        super().__init__('onboard', _START_ERRORS)
        self._live = LiveParameters(self, OnboardSettings, follow_widths)
        self._counters, self._answer_counters = FrameCounters(), AnswerCounters()
        self._diagnostics = Diagnostics(self, self._counters)
        self._pacer = Pacer()
        self._last = LastFrame(Header(), 0.0, 0, '')
        self._controller: WidthController | None = None
        self._answers: Answers | None = None
        self._topics: Topics | None = None
        self._worker: Worker[_Offered] | None = None
        self._report_refusal, self._throttle = '', Throttle()
        self._watch = OnboardWatch(self)
        self._status = self.create_publisher(EncoderStatus, '~/status', **overridable(RELIABLE))
        self.create_timer(_STATUS_PERIOD_S, self._publish_status, clock=steady_clock())
        DiagnosticsTopic(self, self._judge)
        self._keeper = FrameKeeper(self, self._live)
        self._live.on_change(self._follow)
        if self._live.current.autostart:
            self.start_by_itself()

    def set_up(self) -> None:
        """Load the model and publish what comes of it."""
        self._live.is_open = False
        self._load(self._live.current)
        self._connect()

    def start(self) -> None:
        """Listen to the camera."""
        self._mailbox: Mailbox[_Offered] = Mailbox()
        self._worker = Worker(
            self._mailbox, self._serve, self._diagnostics.failed, former=self._worker)
        self._camera = CameraTopic(
            self, self._live.current.image_transport, self._on_image, self._diagnostics)
        self._topics = Topics(
            self._camera.subscription, self._features, self._reports, self._camera.waiting)
        self._worker.start()

    def rest(self) -> None:
        """Wait for the frame in hand, for a limited time."""
        self._topics = None
        if left := self._mailbox.close():
            self._counters.dropped(left.drop_reason)
        self._worker.stop()
        self._keeper.stop()

    def tear_down(self) -> None:
        """Forget model and link."""
        self._live.is_open = True
        self._live.forget_snapping()
        if self._answers is not None:
            self._answers.close()
        self._sender = self._controller = self._answers = None

    def _load(self, settings: OnboardSettings) -> None:
        self._guard = ReplyGuard(load_key(settings.auth_key_file))
        manifest = load_manifest(bundle_folder(settings.model, settings.codec))
        self._manifest = manifest
        self.get_logger().info(f'model {manifest.fingerprint:016x} from {manifest.folder}')
        warn_of_slow_coder(self.get_logger())
        points = find_operating_points(manifest)
        if points is None:
            self.get_logger().warning(
                f'{manifest.folder} has no {POINTS_FILE}: without what its points cost, frames go '
                'at the widest width that is allowed. Run `python -m slim_split_ros profile`, or '
                'let `adapt` end, which writes it')
            points = unmeasured_points(entry.width for entry in manifest.widths)
        encoder = FrameEncoder(manifest, threads=settings.threads)
        if encoder.why_no_video:
            self.get_logger().warning(
                f'points of the coder video are left out: {encoder.why_no_video}')
        points = points.only(encoder.coders)
        self._controller = WidthController(points, control_settings(settings))
        # Not the node's clock: in simulated time it stands at 0 until somebody publishes it, and
        # a restart would look like the run before.
        self._start_ns = time.time_ns()
        self._sender = Sender(
            encoder, self._controller, manifest.fingerprint, self._start_ns, time.monotonic,
            self._guard.frame_tag_bytes)
        widths = {point.width for point in points}
        self._live.snap('width', {0.0, *widths})
        self._live.snap('min_width', widths)
        self._live.snap('max_width', widths)

    def _follow(self, old: OnboardSettings, new: OnboardSettings) -> None:
        if self._controller is not None:
            self._controller.replace_settings(control_settings(new))

    def _connect(self) -> None:
        self._features = self.create_publisher(
            EncodedFrame, 'features', **overridable(SENSOR_DATA))
        self._warned_of: set[int] = set()
        self._reports = self.create_subscription(
            LinkReport, 'link_report', self._on_report, **overridable(SENSOR_DATA))
        self._answers = Answers(
            self, self._start_ns, self._manifest.classes, self._answer_counters, self._guard)

    def _on_image(self, message: CameraMessage) -> None:
        self._counters.came()
        now_s = time.monotonic()
        self._keeper.offer(message, now_s)
        if not self._features.get_subscription_count():
            self._counters.dropped(NO_SUBSCRIBER)
            return
        if not self._pacer.admit(now_s, self._live.current.target_fps):
            self._counters.dropped('target_fps')
            return
        try:
            stamp_ns = checked_ns('stamp', message.header.stamp)
        except WireError as error:
            self._diagnostics.dropped('header', f'image dropped: {error}')
            return
        age_s = image_age_s(stamp_ns, self.get_clock().now().nanoseconds)
        image = CameraImage(
            partial(self._camera.read, message), stamp_ns, message.header.frame_id, now_s - age_s)
        displaced = self._mailbox.put(_Offered(image, message.header, age_s))
        if displaced is not None:
            self._counters.dropped(displaced.drop_reason)

    def _on_report(self, message: LinkReport) -> None:
        now_s = time.monotonic()
        try:
            report = read_report(message)
            if report.sender_start_ns != self._start_ns or \
                    not self._guard.admit_report(message, now_s):
                return
        except WireError as error:
            self._refuse_report(error, now_s)
            return
        self._controller.on_report(report_data(report), now_s)
        self._watch.reported(report, now_s)
        if self.state == ACTIVE:
            self._mailbox.release()
        self._warn_of_receivers(self._controller.other_receiver)

    def _refuse_report(self, error: WireError, now_s: float) -> None:
        self._report_refusal = str(error)
        total = self._answer_counters.report_refused()
        if self._throttle.admits(type(error).__name__, now_s):
            self.get_logger().warning(f'link report ignored: {error} ({total} so far)')

    def _warn_of_receivers(self, receivers: OtherReceiver | None) -> None:
        """Say once, whoever the other is, that two report on the frames, though they swap."""
        if receivers is None or receivers.followed_id in self._warned_of:
            return
        # Bounded by time: one is followed after another's silence of a second.
        self._warned_of.add(receivers.followed_id)
        self.get_logger().warning(
            f'two servers report on the frames of this node: {receivers.followed_id:016x} is '
            f'followed, {receivers.ignored_id:016x} is ignored: end one of them, or give it '
            f'another namespace (`ros2 topic info -v {self._reports.topic_name}` names both)')

    def _serve(self, offered: _Offered) -> None:
        """Publish what becomes of one image; runs in the worker's thread."""
        match self._sender.offer(offered.image):
            case Sent() as sent:
                self._publish(sent, offered)
            case Held(reason):
                if self._mailbox.hold(replace(offered, drop_reason=reason)):
                    self._counters.dropped(reason)
                self._say(offered.header, reason)
            case Dropped(reason, ''):
                self._counters.dropped(reason)
                self._say(offered.header, reason)
            case Dropped(reason) if reason == LATE and \
                    offered.age_s < 0.5 * self._controller.deadline_s:
                # What it waited for here took the time, and no camera's clock.
                self._counters.dropped(offered.drop_reason)
            case Dropped(reason, sentence):
                self._diagnostics.dropped(reason, sentence)

    def _publish(self, sent: Sent, offered: _Offered) -> None:
        fields, header = sent.frame.header, offered.header
        self._answers.expect(
            fields, offered.image.captured_s, self._controller.deadline_s)
        now_s = time.monotonic()
        self._watch.sent(fields.sequence, now_s)
        self._features.publish(frame_message(self._guard.sign(sent.frame), header))
        self._counters.sent(sent.message_bytes, now_s)
        self._remember(LastFrame(
            header, fields.width, fields.rate, sent.reason, len(sent.frame.payload),
            fields.encode_ms, sent.coder, fields.reference is None))

    def _say(self, header: Header, reason: str) -> None:
        self._remember(replace(self._last, header=header, reason=reason))

    def _remember(self, last: LastFrame) -> None:
        """Keep what the next status says, and publish one at once if the choice changed."""
        before, self._last = self._last, last
        if (before.width, before.rate, before.reason) != (last.width, last.rate, last.reason):
            self._publish_status()

    def _publish_status(self) -> None:
        now = self._reading(time.monotonic())
        self._status.publish(status_message(
            now.state, now.last, now.estimate, now.counters, now.answers))

    def _judge(self) -> list[Finding]:
        now_s = time.monotonic()
        return self._watch.judge(self._reading(now_s), now_s)

    def _reading(self, now_s: float) -> Reading:
        controller = self._controller
        return Reading(
            self.state, self._topics, self._live.current, self._counters.snapshot(now_s),
            self._answer_counters.snapshot(now_s), {
                **self._diagnostics.sentences,
                'answer': self._answers.refusal if self._answers else '',
                'report': self._report_refusal}, self._last,
            LinkEstimate(None, None) if controller is None else
            LinkEstimate(controller.capacity_kbps, controller.backlog_ms))


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(Onboard, args, start_errors=_START_ERRORS)


if __name__ == '__main__':
    sys.exit(main())
