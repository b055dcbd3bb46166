"""
Answer how a camera image becomes a message of features: the robot's node.

    python -m slim_split_ros.ros.onboard_node --ros-args -p width:=0.5

It converts and publishes; pixels, networks and bytes are `onboard/`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
import sys
import time

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from slim_split_ros.control import ControlError, Decision
from slim_split_ros.msg import EncodedFrame, EncoderStatus, LinkReport
from slim_split_ros.onboard import FrameEncoder, OnboardError, find_operating_points
from slim_split_ros.ros.diagnostics import Diagnostics, FrameCounters, onboard_reason
from slim_split_ros.ros.errors import SettingError
from slim_split_ros.ros.frame_maker import FrameMaker
from slim_split_ros.ros.messages import (
    LastFrame,
    LinkEstimate,
    believable_age_s,
    decode_compressed,
    frame_message,
    read_report,
    report_data,
    status_message,
    to_ns,
    view_raw,
)
from slim_split_ros.ros.model import bundle_folder
from slim_split_ros.ros.onboard_parameters import OnboardSettings
from slim_split_ros.ros.pacing import Pacer
from slim_split_ros.ros.parameters import LiveParameters
from slim_split_ros.ros.qos import RELIABLE, SENSOR_DATA, overridable
from slim_split_ros.ros.spin import run_node
from slim_split_ros.ros.width_choice import make_chooser
from slim_split_ros.ros.worker import Mailbox, Worker
from slim_split_ros.wire import EncodedPayload, WireError, encoded_frame_bytes, load_manifest

_STATUS_PERIOD_S = 1.0
_WARNING_PERIOD_S = 5.0
_LOST_REMEDY = (
    'images were lost before they reached this node: raw images over best effort need a larger '
    'shared-memory segment at both ends; load config/fastdds_large_images.xml (README, '
    '"No images arrive")')


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Hold an image in the mailbox, and the reason that counts if a newer one displaces it."""

    message: Image | CompressedImage
    captured_s: float
    drop_reason: str = 'encoder_busy'


class Onboard(Node):
    """Encode the newest image, publish its features, and say what was done and why."""

    def __init__(self) -> None:
        super().__init__('onboard')
        self._live = LiveParameters(self, OnboardSettings)
        settings = self._live.current
        self._counters = FrameCounters()
        self._diagnostics = Diagnostics(self, self._counters)
        self._pacer = Pacer()
        self._last = LastFrame(Header(), 0.0, 0, '')
        self._load(settings)
        self._mailbox: Mailbox[_Waiting] = Mailbox()
        self._worker = Worker(self._mailbox, self._serve, self._diagnostics.failed)
        self._connect(settings)
        self._worker.start()

    def stop(self) -> None:
        """Wait for the frame in hand, for a limited time."""
        self._worker.stop()

    def _load(self, settings: OnboardSettings) -> None:
        manifest = load_manifest(bundle_folder(settings.model, settings.codec))
        self.get_logger().info(f'model {manifest.fingerprint:016x} from {manifest.folder}')
        encoder = FrameEncoder(manifest, threads=settings.threads)
        read_pixels = decode_compressed if settings.image_transport == 'compressed' else view_raw
        # Not the node's clock: in simulated time it stands at 0 until somebody publishes it, and
        # a restart would look like the run before.
        self._maker = FrameMaker(encoder, read_pixels, manifest.fingerprint, time.time_ns())
        self._chooser = make_chooser(find_operating_points(manifest), manifest, settings)
        self._live.require(self._chooser.check)
        self._live.on_change(lambda _, new: self._chooser.replace_settings(new))

    def _connect(self, settings: OnboardSettings) -> None:
        self._features = self.create_publisher(
            EncodedFrame, 'features', SENSOR_DATA, qos_overriding_options=overridable())
        self._status = self.create_publisher(
            EncoderStatus, '~/status', RELIABLE, qos_overriding_options=overridable())
        self.create_subscription(
            LinkReport, 'link_report', self._on_report, SENSOR_DATA,
            qos_overriding_options=overridable())
        kind, topic = Image, 'image'
        if settings.image_transport == 'compressed':
            kind, topic = CompressedImage, 'image/compressed'
        self.create_subscription(
            kind, topic, self._on_image, SENSOR_DATA, qos_overriding_options=overridable(),
            event_callbacks=SubscriptionEventCallbacks(message_lost=self._on_lost))
        self.create_timer(_STATUS_PERIOD_S, self._publish_status)

    def _on_image(self, message: Image | CompressedImage) -> None:
        self._counters.came()
        now_s = time.monotonic()
        if not self._pacer.admit(now_s, self._live.current.target_fps):
            self._counters.dropped('target_fps')
            return
        ros_now_ns = self.get_clock().now().nanoseconds
        captured_s = now_s - believable_age_s(to_ns(message.header.stamp), ros_now_ns)
        displaced = self._mailbox.put(_Waiting(message, captured_s))
        if displaced is not None:
            self._counters.dropped(displaced.drop_reason)

    def _on_lost(self, event: object) -> None:
        self._diagnostics.dropped('message_lost', _LOST_REMEDY, event.total_count_change)

    def _on_report(self, message: LinkReport) -> None:
        try:
            report = read_report(message)
        except WireError as error:
            self.get_logger().warning(
                f'link report ignored: {error}', throttle_duration_sec=_WARNING_PERIOD_S)
            return
        if report.sender_start_ns == self._maker.sender_start_ns:
            self._chooser.on_report(report_data(report), time.monotonic())
            self._mailbox.release()

    def _serve(self, waiting: _Waiting) -> None:
        """Send one image, keep it for a better moment, or skip it; runs in the worker's thread."""
        decision = self._chooser.decide(time.monotonic(), waiting.captured_s)
        if decision.send:
            decision = self._encode(waiting.message, decision)
        if decision.send:
            return
        reason = decision.reason.value
        if not decision.hold or self._mailbox.hold(replace(waiting, drop_reason=reason)):
            self._counters.dropped(reason)
        self._remember(replace(self._last, header=waiting.message.header, reason=reason))

    def _encode(self, message: Image | CompressedImage, decision: Decision) -> Decision:
        """Encode and send, at another width if the size asks for it; return what was done."""
        try:
            frame = self._maker.make(message, decision.width, decision.rate)
            revised = self._chooser.revise(
                decision, _size_bytes(frame, message.header), time.monotonic())
            if revised.send and (revised.width, revised.rate) != (decision.width, decision.rate):
                frame = self._maker.make(message, revised.width, revised.rate)
        except (OnboardError, WireError) as error:
            self._diagnostics.dropped(onboard_reason(error), f'image dropped: {error}')
            return decision
        if revised.send:
            self._send(frame, message.header, revised.reason.value)
        return revised

    def _send(self, frame: EncodedPayload, header: Header, reason: str) -> None:
        fields, now_s = frame.header, time.monotonic()
        size = _size_bytes(frame, header)
        # Before publishing: the report of its arrival may be quicker than this thread.
        self._chooser.on_sent(fields, size, now_s)
        self._features.publish(frame_message(frame, header))
        self._maker.advance()
        self._counters.sent(size, now_s)
        self._remember(LastFrame(
            header, fields.width, fields.rate, reason, len(frame.payload), fields.encode_ms))

    def _remember(self, last: LastFrame) -> None:
        """Keep what the next status says, and publish one at once if the choice changed."""
        before, self._last = self._last, last
        if (before.width, before.rate, before.reason) != (last.width, last.rate, last.reason):
            self._publish_status()

    def _publish_status(self) -> None:
        estimate = LinkEstimate(self._chooser.capacity_kbps, self._chooser.backlog_ms)
        counters = self._counters.snapshot(time.monotonic())
        self._status.publish(status_message(self._last, estimate, counters))


def _size_bytes(frame: EncodedPayload, header: Header) -> int:
    return encoded_frame_bytes(header.frame_id, len(frame.payload))


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(
        Onboard, args, start_errors=(ControlError, WireError, OnboardError, SettingError))


if __name__ == '__main__':
    sys.exit(main())
