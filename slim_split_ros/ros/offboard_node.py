"""
Answer how a message of features becomes detections: the server's node.

    python -m slim_split_ros.ros.offboard_node --ros-args -p score_threshold:=0.4

It converts and publishes; decoding and detecting are `offboard/`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import secrets
import sys
import time

from rclpy.event_handler import PublisherEventCallbacks
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray, LabelInfo

from slim_split_ros.msg import EncodedFrame, LinkReport
from slim_split_ros.offboard import (
    Detections,
    OffboardError,
    check_header,
    decode_frame,
    draw_detections,
    load_server,
    new_canvas,
)
from slim_split_ros.ros.arrival_log import ArrivalLog
from slim_split_ros.ros.diagnostics import Diagnostics, FrameCounters, offboard_reason
from slim_split_ros.ros.messages import (
    DetectionWriter,
    label_info,
    make_image,
    read_frame,
    report_message,
)
from slim_split_ros.ros.model import bundle_folder
from slim_split_ros.ros.offboard_parameters import OffboardSettings
from slim_split_ros.ros.parameters import LiveParameters
from slim_split_ros.ros.qos import LATCHED, NEWEST, RELIABLE, SENSOR_DATA, overridable
from slim_split_ros.ros.spin import run_node
from slim_split_ros.ros.worker import Mailbox, Worker
from slim_split_ros.wire import (
    EncodedPayload,
    FrameGeometry,
    WireError,
    encoded_frame_bytes,
    load_manifest,
)

# Older frames than these are late whatever happens: at 10 frames per second, 0.4 s.
_MAILBOX_FRAMES = 4
# How soon a report that had to keep its distance to the one before follows it.
_REPORT_POLL_S = 0.025
_BUSY = (
    'frames come faster than this machine detects: lower target_fps of the robot, or run the '
    'offboard node with torch on a GPU')


@dataclass(frozen=True, slots=True)
class _Arrived:
    frame: EncodedPayload
    header: Header
    arrival_s: float


class Offboard(Node):
    """Decode each frame, finish the detection, publish, and report arrivals to the robot."""

    def __init__(self) -> None:
        super().__init__('offboard')
        self._live = LiveParameters(self, OffboardSettings)
        self._diagnostics = Diagnostics(self, FrameCounters())
        self._arrivals = ArrivalLog(receiver_id=secrets.randbits(64))
        settings = self._live.current
        manifest = load_manifest(bundle_folder(settings.model, settings.codec))
        self._manifest = manifest
        self._server = load_server(manifest, settings.device)
        self.get_logger().info(
            f'model {manifest.fingerprint:016x} from {manifest.folder} on {settings.device}')
        self._mailbox: Mailbox[_Arrived] = Mailbox(_MAILBOX_FRAMES)
        self._worker = Worker(self._mailbox, self._serve, self._diagnostics.failed)
        self._connect()
        self._worker.start()

    def stop(self) -> None:
        """Wait for the frame in hand, for a limited time."""
        self._worker.stop()

    def _connect(self) -> None:
        self._writer = DetectionWriter(self._manifest.classes)
        self._detections = self._topic(Detection2DArray, 'detections', RELIABLE)
        self._labels = self._topic(LabelInfo, 'label_info', LATCHED)
        self._reports = self._topic(LinkReport, 'link_report', SENSOR_DATA)
        self._watchers = 0
        self._annotated = self.create_publisher(
            Image, '~/annotated', NEWEST, qos_overriding_options=overridable(),
            event_callbacks=PublisherEventCallbacks(matched=self._on_watchers))
        self.create_subscription(
            EncodedFrame, 'features', self._on_features, SENSOR_DATA,
            qos_overriding_options=overridable())
        self.create_timer(_REPORT_POLL_S, self._publish_reports)
        self._publish_labels(self._live.current)
        self._live.on_change(lambda _, new: self._publish_labels(new))

    def _topic(self, kind: type, name: str, qos: QoSProfile) -> Publisher:
        return self.create_publisher(kind, name, qos, qos_overriding_options=overridable())

    def _on_watchers(self, event: object) -> None:
        self._watchers = event.current_count

    def _on_features(self, message: EncodedFrame) -> None:
        arrival_s = time.monotonic()
        try:
            # Before anything of it is remembered: what is no frame of this model is no sender.
            frame = read_frame(message)
            check_header(frame.header, self._manifest)
        except (WireError, OffboardError) as error:
            self._refuse(message.sequence, error)
            return
        size = encoded_frame_bytes(frame.header.frame_id, len(frame.payload))
        self._arrivals.arrived(
            frame.header.sender_start_ns, frame.header.sequence, arrival_s, size)
        if self._mailbox.put(_Arrived(frame, message.header, arrival_s)) is not None:
            self._diagnostics.dropped('server_busy', _BUSY)
        self._publish_reports()

    def _serve(self, arrived: _Arrived) -> None:
        """Decode a frame and publish its detections; runs in the worker's thread."""
        frame, settings = arrived.frame, self._live.current
        try:
            found, = self._server.detect(
                [decode_frame(frame, self._manifest)],
                settings.score_threshold, settings.max_detections)
        except (WireError, OffboardError) as error:
            self._refuse(frame.header.sequence, error)
            return
        self._publish(found, arrived.header, frame.header.geometry)
        self._arrivals.decoded(
            frame.header.sender_start_ns, frame.header.sequence,
            time.monotonic() - arrived.arrival_s)

    def _refuse(self, sequence: int, error: Exception) -> None:
        self._diagnostics.dropped(offboard_reason(error), f'frame {sequence} dropped: {error}')

    def _publish(self, found: Detections, header: Header, geometry: FrameGeometry) -> None:
        self._detections.publish(
            self._writer.write(found.boxes, found.scores, found.labels, header))
        if self._watchers:
            canvas = draw_detections(new_canvas(geometry), found, self._manifest.classes)
            self._annotated.publish(make_image(canvas, header))

    def _publish_labels(self, settings: OffboardSettings) -> None:
        header = Header(stamp=self.get_clock().now().to_msg())
        self._labels.publish(label_info(self._manifest.classes, header, settings.score_threshold))

    def _publish_reports(self) -> None:
        stamp_ns = self.get_clock().now().nanoseconds
        for sender_start_ns, report in self._arrivals.due_reports(time.monotonic()).items():
            self._reports.publish(report_message(report, sender_start_ns, stamp_ns))


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(Offboard, args, start_errors=(WireError, OffboardError))


if __name__ == '__main__':
    sys.exit(main())
