"""
Answer how a camera image becomes a message of features: the robot's node.

    python -m slim_split_ros.ros.onboard_node --ros-args -p width:=0.5

It converts and publishes; pixels, networks and bytes are `onboard/`'s.
"""

from collections.abc import Sequence
import sys
import time

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from slim_split_ros.msg import EncodedFrame, EncoderStatus
from slim_split_ros.onboard import FrameEncoder, OnboardError
from slim_split_ros.ros.complaints import Complaints
from slim_split_ros.ros.counts import FrameCounts
from slim_split_ros.ros.drop_reasons import onboard_reason
from slim_split_ros.ros.frame_maker import FrameMaker
from slim_split_ros.ros.frame_messages import (
    LastFrame,
    frame_message,
    status_message,
)
from slim_split_ros.ros.images import decode_compressed, view_raw
from slim_split_ros.ros.mailbox import Mailbox, Worker
from slim_split_ros.ros.model import bundle_folder
from slim_split_ros.ros.onboard_parameters import OnboardSettings
from slim_split_ros.ros.pacing import Pacer
from slim_split_ros.ros.parameters import LiveParameters
from slim_split_ros.ros.qos import RELIABLE, SENSOR_DATA, overridable
from slim_split_ros.ros.spin import run_node
from slim_split_ros.ros.width_choice import choose_width
from slim_split_ros.wire import (
    EncodedPayload,
    WireError,
    encoded_frame_bytes,
    load_manifest,
)

_STATUS_PERIOD_S = 1.0
_LOST_REMEDY = (
    'images were lost before they reached this node: raw images over best effort need a larger '
    'shared-memory segment at both ends; load config/fastdds_large_images.xml (README, '
    '"No images arrive")')


class Onboard(Node):
    """Encode the newest image, publish its features, and say what was done and why."""

    def __init__(self) -> None:
        super().__init__('onboard')
        self._live = LiveParameters(self, OnboardSettings)
        self._counts = FrameCounts()
        self._complaints = Complaints(self, self._counts)
        self._pacer = Pacer()
        self._last = LastFrame(Header(), 0.0, 0, '')
        self._maker = self._make_maker(self._live.current)
        self._mailbox: Mailbox[Image | CompressedImage] = Mailbox()
        self._worker = Worker(self._mailbox, self._serve, self._complaints.failed)
        self._connect(self._live.current)
        self._worker.start()

    def destroy_node(self) -> None:
        """Let the frame in hand end first: it still uses the publishers."""
        self._worker.stop()
        super().destroy_node()

    def _make_maker(self, settings: OnboardSettings) -> FrameMaker:
        manifest = load_manifest(bundle_folder(settings.model))
        self.get_logger().info(f'model {manifest.fingerprint:016x} from {manifest.folder}')
        encoder = FrameEncoder(manifest, threads=settings.threads)
        read_pixels = decode_compressed if settings.image_transport == 'compressed' else view_raw
        # Not the node's clock: in simulated time it stands at 0 until somebody publishes it, and
        # a restart would look like the run before.
        return FrameMaker(encoder, read_pixels, manifest.fingerprint, time.time_ns())

    def _connect(self, settings: OnboardSettings) -> None:
        self._features = self.create_publisher(
            EncodedFrame, 'features', SENSOR_DATA, qos_overriding_options=overridable())
        self._status = self.create_publisher(
            EncoderStatus, '~/status', RELIABLE, qos_overriding_options=overridable())
        kind, topic = Image, 'image'
        if settings.image_transport == 'compressed':
            kind, topic = CompressedImage, 'image/compressed'
        self.create_subscription(
            kind, topic, self._on_image, SENSOR_DATA, qos_overriding_options=overridable(),
            event_callbacks=SubscriptionEventCallbacks(message_lost=self._on_lost))
        self.create_timer(_STATUS_PERIOD_S, self._publish_status)

    def _on_image(self, message: Image | CompressedImage) -> None:
        self._counts.came()
        if not self._pacer.admit(time.monotonic(), self._live.current.target_fps):
            self._counts.dropped('target_fps')
            return
        self._counts.dropped('encoder_busy', self._mailbox.put(message))

    def _on_lost(self, event: object) -> None:
        self._complaints.dropped('message_lost', _LOST_REMEDY, event.total_count_change)

    def _serve(self, message: Image | CompressedImage) -> None:
        """Encode and publish one image; runs in the worker's thread."""
        choice = choose_width(self._live.current)
        try:
            frame = self._maker.make(message, choice.width, choice.rate)
        except (OnboardError, WireError) as error:
            self._complaints.dropped(onboard_reason(error), f'image dropped: {error}')
            return
        self._publish(frame, message.header, choice.reason)

    def _publish(self, frame: EncodedPayload, header: Header, reason: str) -> None:
        self._features.publish(frame_message(frame, header))
        size = encoded_frame_bytes(header.frame_id, len(frame.payload))
        self._counts.sent(size, time.monotonic())
        before, self._last = self._last, LastFrame(
            header, frame.header.width, frame.header.rate, reason, len(frame.payload),
            frame.header.encode_ms)
        if (before.width, before.rate) != (frame.header.width, frame.header.rate):
            self._publish_status()

    def _publish_status(self) -> None:
        tally = self._counts.tally(time.monotonic())
        self._status.publish(status_message(self._last, tally))


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(Onboard, args, start_errors=(WireError, OnboardError))


if __name__ == '__main__':
    sys.exit(main())
