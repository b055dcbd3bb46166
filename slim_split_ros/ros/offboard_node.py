"""
The server's node: messages of features become detections.

    python -m slim_split_ros.ros.offboard_node --ros-args -p score_threshold:=0.4

It converts and publishes; whose frame is next, decoding and detecting are `offboard/`'s.
What people and other nodes see of the picture is `picture_topics.py`'s.
"""

if __name__ == '__main__':  # a signal, or a package missing, during the imports below
    from slim_split_ros.ros.ending import end_quietly
    end_quietly()

from collections.abc import Sequence
import os
from pathlib import Path
import secrets
import sys
import time

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray, LabelInfo

from slim_split_ros.detectors import DetectorError, load_detector
from slim_split_ros.msg import EncodedFrame, LinkReport
from slim_split_ros.offboard import (
    LONGEST_WAIT_S,
    MAX_SENDERS,
    Drop,
    FingerprintMismatchError,
    FrameMismatchError,
    OffboardError,
    Received,
    Reception,
    Served,
    Server,
    decode_frame,
    load_server,
)
from slim_split_ros.ros.diagnostics import FAILURE, Diagnostics, FrameCounters
from slim_split_ros.ros.messages import (
    DetectionWriter,
    camera_header,
    label_info,
    read_frame,
    report_message,
)
from slim_split_ros.ros.model import bundle_folder, shipped_codec, warn_of_slow_coder
from slim_split_ros.ros.offboard_parameters import NO_DETECTOR, OffboardSettings
from slim_split_ros.ros.onboard_parameters import SHIPPED
from slim_split_ros.ros.parameters import LiveParameters
from slim_split_ros.ros.picture_topics import PictureTopics
from slim_split_ros.ros.qos import LATCHED, RELIABLE, SENSOR_DATA, overridable
from slim_split_ros.ros.spin import run_node
from slim_split_ros.ros.waiting import Waiting, steady_clock
from slim_split_ros.ros.worker import Mailbox, Worker
from slim_split_ros.wire import (
    ChecksumError,
    FieldError,
    FrameHeader,
    PayloadError,
    WireError,
    encoded_frame_bytes,
    load_manifest,
)

# How soon a report that had to keep its distance to the one before follows it.
_REPORT_POLL_S = 0.025
# The words under which frames are counted that cannot be served.
_WORDS = (
    (FingerprintMismatchError, 'model'), (FrameMismatchError, 'mismatch'),
    (ChecksumError, 'checksum'), (PayloadError, 'payload'), (FieldError, 'header'))
_LESS = 'lower target_fps of the robots, or run the offboard node with torch on a GPU'
_SENTENCES = {
    Drop.NEWER: f'a newer frame took the place of one that waited; if many do, {_LESS}',
    Drop.DEADLINE: f'frames waited more than {LONGEST_WAIT_S:g} s behind others: {_LESS}',
    Drop.SENDERS: (
        f'more than {MAX_SENDERS} robots send to this node: start another one, in a namespace '
        'of its own'),
}


class Offboard(Node):
    """Decode each frame, finish the detection, publish, and report arrivals to the robot."""

    def __init__(self) -> None:
        super().__init__('offboard')
        self._live = LiveParameters(self, OffboardSettings)
        self._diagnostics = Diagnostics(self, FrameCounters())
        settings = self._live.current
        manifest = load_manifest(bundle_folder(settings.model, settings.codec))
        self._manifest = manifest
        receiver_id = secrets.randbits(64)
        self._reception = Reception(manifest, receiver_id)
        self._server = self._load_server(settings)
        self.get_logger().info(
            f'model {manifest.fingerprint:016x} from {manifest.folder} on {self._server.place}; '
            f'reports as receiver {receiver_id:016x}')
        warn_of_slow_coder(self.get_logger())
        # Holds no frames: it tells the worker that some wait.
        self._calls: Mailbox[str] = Mailbox()
        self._worker = Worker(self._calls, self._serve_next, self._diagnostics.failed)
        self._connect()
        self._worker.start()

    def _load_server(self, settings: OffboardSettings) -> Server:
        """Load the model, and the detector; a wrong detector never stops the rebuilding."""
        detector = None
        if settings.detector not in (SHIPPED, NO_DETECTOR):
            path = Path(os.path.expanduser(settings.detector))
            try:
                detector = load_detector(path)
                self.get_logger().info(
                    f'detector {path.name} understood as {detector.description.sentence()}')
            except DetectorError as error:
                self.get_logger().error(
                    f'{error}. Pictures are rebuilt, but nothing is detected')
        self._detects = detector is not None or settings.detector == SHIPPED
        self._classes = self._manifest.classes if settings.detector == SHIPPED else \
            detector.classes if detector else ()
        return load_server(
            self._manifest, settings.device, detector=detector, detects=self._detects)

    def stop(self) -> None:
        """Wait for the frame in hand, for a limited time."""
        self._worker.stop()

    def _connect(self) -> None:
        self._writer = DetectionWriter(self._classes)
        self._detections = self._topic(Detection2DArray, 'detections', RELIABLE)
        self._labels = self._topic(LabelInfo, 'label_info', LATCHED)
        self._reports = self._topic(LinkReport, 'link_report', SENSOR_DATA)
        self._pictures = PictureTopics(self)
        self._waiting = Waiting(self, self.create_subscription(
            EncodedFrame, 'features', self._on_features, **overridable(SENSOR_DATA)))
        self.create_timer(_REPORT_POLL_S, self._publish_reports, clock=steady_clock())
        self._publish_labels(self._live.current)
        self._live.on_change(lambda _, new: self._publish_labels(new))

    def _topic(self, kind: type, name: str, qos: QoSProfile) -> Publisher:
        return self.create_publisher(kind, name, **overridable(qos))

    def _on_features(self, message: EncodedFrame) -> None:
        self._waiting.heard()
        arrival_s = time.monotonic()
        try:
            frame = read_frame(message)
            size = encoded_frame_bytes(frame.header.frame_id, len(frame.payload))
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
        if isinstance(error, FingerprintMismatchError) and (codec := shipped_codec(fingerprint)):
            hint = f'; that model is the shipped one of codec:={codec}'
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
            served, = self._server.serve(
                [decode_frame(received.frame, self._manifest)],
                settings.score_threshold, settings.max_detections,
                with_pictures=self._pictures.are_wanted)
        except (WireError, OffboardError) as error:
            self._refuse(error, header.sequence, header.fingerprint)
            return
        self._publish(served, header)
        self._reception.served(received, time.monotonic())

    def _publish(self, served: Served, fields: FrameHeader) -> None:
        header, found = camera_header(fields), served.detections
        if served.problem:
            self._diagnostics.dropped('detector', f'nothing detected: {served.problem}')
        elif self._detects:
            self._detections.publish(
                self._writer.write(found.boxes, found.scores, found.labels, header))
        self._pictures.publish(served, header, fields.geometry, self._classes)

    def _publish_labels(self, settings: OffboardSettings) -> None:
        header = Header(stamp=self.get_clock().now().to_msg())
        self._labels.publish(label_info(self._classes, header, settings.score_threshold))

    def _publish_reports(self) -> None:
        stamp_ns = self.get_clock().now().nanoseconds
        for report in self._reception.due_reports(time.monotonic()):
            self._reports.publish(report_message(report, stamp_ns))


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(Offboard, args, start_errors=(WireError, OffboardError))


if __name__ == '__main__':
    sys.exit(main())
