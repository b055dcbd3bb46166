"""
The robot's node: a camera image becomes a message of features, or it is said why not.

    python -m slim_split_ros.ros.onboard_node --ros-args -p width:=0.5

It converts and publishes; what becomes of an image is `onboard/sender.py`'s.
"""

if __name__ == '__main__':  # a signal, or a package missing, during the imports below
    from slim_split_ros.ros.ending import end_quietly
    end_quietly()

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
import sys
import time

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from slim_split_ros.control import (
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
    Sender,
    Sent,
    image_age_s,
)
from slim_split_ros.ros.diagnostics import Diagnostics, FrameCounters
from slim_split_ros.ros.messages import (
    LastFrame,
    LinkEstimate,
    checked_ns,
    decode_compressed,
    frame_message,
    read_report,
    report_data,
    status_message,
    view_raw,
)
from slim_split_ros.ros.model import bundle_folder, warn_of_slow_coder
from slim_split_ros.ros.onboard_parameters import (
    OnboardSettings,
    control_settings,
    follow_widths,
)
from slim_split_ros.ros.parameters import LiveParameters
from slim_split_ros.ros.qos import RELIABLE, SENSOR_DATA, overridable
from slim_split_ros.ros.shared_memory import LargeImages
from slim_split_ros.ros.spin import run_node
from slim_split_ros.ros.waiting import Waiting, steady_clock
from slim_split_ros.ros.worker import Mailbox, Worker
from slim_split_ros.weights.operating_point_file import find_operating_points
from slim_split_ros.wire import WireError, load_manifest

_STATUS_PERIOD_S = 1.0
_WARNING_PERIOD_S = 5.0
_REMEDIES = {
    'raw': {
        Image: 'remap image to it',
        CompressedImage: 'set image_transport to compressed, and remap image to the topic '
                         'without its /compressed'},
    'compressed': {
        CompressedImage: 'remap image to the topic without its /compressed',
        Image: 'set image_transport to raw, and remap image to it'},
}


@dataclass(frozen=True, slots=True)
class _Offered:
    """Hold an image in the mailbox, and the reason that counts if a newer one displaces it."""

    image: CameraImage
    header: Header
    drop_reason: str = 'encoder_busy'


class Onboard(Node):
    """Encode the newest image, publish its features, and say what was done and why."""

    def __init__(self) -> None:
        super().__init__('onboard')
        self._live = LiveParameters(self, OnboardSettings, follow_widths)
        settings = self._live.current
        self._counters = FrameCounters()
        self._diagnostics = Diagnostics(self, self._counters)
        self._pacer = Pacer()
        self._last = LastFrame(Header(), 0.0, 0, '')
        self._load(settings)
        self._mailbox: Mailbox[_Offered] = Mailbox()
        self._worker = Worker(self._mailbox, self._serve, self._diagnostics.failed)
        self._connect(settings)
        self._worker.start()

    def stop(self) -> None:
        """Wait for the frame in hand, for a limited time."""
        self._worker.stop()

    def _load(self, settings: OnboardSettings) -> None:
        manifest = load_manifest(bundle_folder(settings.model, settings.codec))
        self.get_logger().info(f'model {manifest.fingerprint:016x} from {manifest.folder}')
        warn_of_slow_coder(self.get_logger())
        points = find_operating_points(manifest) or unmeasured_points(
            entry.width for entry in manifest.widths)
        self._controller = WidthController(points, control_settings(settings))
        # Not the node's clock: in simulated time it stands at 0 until somebody publishes it, and
        # a restart would look like the run before.
        self._start_ns = time.time_ns()
        self._sender = Sender(
            FrameEncoder(manifest, threads=settings.threads), self._controller,
            manifest.fingerprint, self._start_ns, time.monotonic)
        widths = {point.width for point in points}
        self._live.snap('width', {0.0, *widths})
        self._live.snap('min_width', widths)
        self._live.snap('max_width', widths)
        self._live.on_change(
            lambda _, new: self._controller.replace_settings(control_settings(new)))

    def _connect(self, settings: OnboardSettings) -> None:
        self._features = self.create_publisher(
            EncodedFrame, 'features', **overridable(SENSOR_DATA))
        self._status = self.create_publisher(EncoderStatus, '~/status', **overridable(RELIABLE))
        self._warned_of: set[int] = set()
        self._reports = self.create_subscription(
            LinkReport, 'link_report', self._on_report, **overridable(SENSOR_DATA))
        self._listen(settings.image_transport)
        self.create_timer(_STATUS_PERIOD_S, self._publish_status, clock=steady_clock())

    def _listen(self, transport: str) -> None:
        kind, topic, self._read = Image, 'image', view_raw
        if transport == 'compressed':
            # As image_transport names it: what `image` is remapped to, and then the transport.
            topic = f'{self.resolve_topic_name("image")}/compressed'
            kind, self._read = CompressedImage, decode_compressed
        self._images = self.create_subscription(
            kind, topic, self._on_image, **overridable(SENSOR_DATA),
            event_callbacks=SubscriptionEventCallbacks(message_lost=self._on_lost))
        self._waiting = Waiting(self, self._images, transport, _REMEDIES[transport])
        self._large_images = LargeImages(self)

    def _on_image(self, message: Image | CompressedImage) -> None:
        self._waiting.heard()
        self._large_images.check(len(message.data))
        self._counters.came()
        now_s = time.monotonic()
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
            partial(self._read, message), stamp_ns, message.header.frame_id, now_s - age_s)
        displaced = self._mailbox.put(_Offered(image, message.header))
        if displaced is not None:
            self._counters.dropped(displaced.drop_reason)

    def _on_lost(self, event: object) -> None:
        self._diagnostics.dropped(
            'message_lost', self._large_images.explain_loss(self._images.topic_name),
            event.total_count_change)

    def _on_report(self, message: LinkReport) -> None:
        try:
            report = read_report(message)
        except WireError as error:
            self.get_logger().warning(
                f'link report ignored: {error}', throttle_duration_sec=_WARNING_PERIOD_S)
            return
        if report.sender_start_ns == self._start_ns:
            self._controller.on_report(report_data(report), time.monotonic())
            self._mailbox.release()
            self._warn_of_receivers(self._controller.other_receiver)

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
                self._publish(sent, offered.header)
            case Held(reason):
                if self._mailbox.hold(replace(offered, drop_reason=reason)):
                    self._counters.dropped(reason)
                self._say(offered.header, reason)
            case Dropped(reason, ''):
                self._counters.dropped(reason)
                self._say(offered.header, reason)
            case Dropped(reason, sentence):
                self._diagnostics.dropped(reason, sentence)

    def _publish(self, sent: Sent, header: Header) -> None:
        fields = sent.frame.header
        self._features.publish(frame_message(sent.frame, header))
        self._counters.sent(sent.message_bytes, time.monotonic())
        self._remember(LastFrame(
            header, fields.width, fields.rate, sent.reason, len(sent.frame.payload),
            fields.encode_ms))

    def _say(self, header: Header, reason: str) -> None:
        self._remember(replace(self._last, header=header, reason=reason))

    def _remember(self, last: LastFrame) -> None:
        """Keep what the next status says, and publish one at once if the choice changed."""
        before, self._last = self._last, last
        if (before.width, before.rate, before.reason) != (last.width, last.rate, last.reason):
            self._publish_status()

    def _publish_status(self) -> None:
        estimate = LinkEstimate(self._controller.capacity_kbps, self._controller.backlog_ms)
        counters = self._counters.snapshot(time.monotonic())
        self._status.publish(status_message(self._last, estimate, counters))


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(Onboard, args, start_errors=(WireError, OnboardError, ControlError))


if __name__ == '__main__':
    sys.exit(main())
