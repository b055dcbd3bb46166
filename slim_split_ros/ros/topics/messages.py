"""
The messages of this package and of others, made from plain data and read into it.

Images and boxes, frames and reports, statuses and stamps; what a value means is decided elsewhere.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import TYPE_CHECKING

from builtin_interfaces.msg import Time
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import (
    Detection2D,
    Detection2DArray,
    LabelInfo,
    ObjectHypothesisWithPose,
    VisionClass,
)

from slim_split_ros.control import Arrival, LinkReportData
from slim_split_ros.msg import EncodedFrame, EncoderStatus, LinkReport
from slim_split_ros.onboard import PixelView, decode_image, view_image
from slim_split_ros.ros.health.diagnostics import AnswerCounts, Counters
from slim_split_ros.wire import Frame, FrameHeader, check_time, frame_fields, read_arrivals
from slim_split_ros.wire.report import ReceivedReport

if TYPE_CHECKING:
    # The onboard node imports this file, and no server room.
    from slim_split_ros.offboard import Report

_NS_PER_S = 1_000_000_000
_MS_PER_S = 1000.0


def to_ns(stamp: Time) -> int:
    """Return nanoseconds since the epoch of the clock that made the stamp."""
    return stamp.sec * _NS_PER_S + stamp.nanosec


def checked_ns(name: str, stamp: Time) -> int:
    """Return the nanoseconds of a stamp; raise WireError for one that is no moment of ROS time."""
    return check_time(name, stamp.sec, stamp.nanosec)


def to_stamp(time_ns: int) -> Time:
    """Return the stamp of nanoseconds; the inverse of to_ns."""
    seconds, nanoseconds = divmod(time_ns, _NS_PER_S)
    return Time(sec=seconds, nanosec=nanoseconds)


def view_raw(message: Image) -> PixelView:
    """
    View a raw image, without a copy where the encoding allows it.

    Raises ImageError for a message whose fields contradict each other.
    """
    return view_image(
        message.encoding, message.width, message.height, message.step,
        bool(message.is_bigendian), message.data)


def decode_compressed(message: CompressedImage) -> PixelView:
    """Decode a compressed image; raises ImageError for what is none, or not whole."""
    return decode_image(message.data)


def make_image(pixels: np.ndarray, header: Header) -> Image:
    """Copy uint8 (H, W, 3), BGR, into a message."""
    height, width, channels = pixels.shape
    # Not numpy or a memoryview: assigning those copies element by element, 50 ms an image.
    data = array('B')
    data.frombytes(np.ascontiguousarray(pixels).data)
    return Image(header=header, encoding='bgr8', width=width, height=height,
                 step=width * channels, data=data)


@dataclass(frozen=True, slots=True)
class LastFrame:
    """State what was sent last, under which header and why."""

    header: Header
    width: float
    rate: int
    reason: str
    payload_bytes: int = 0
    encode_ms: float = 0.0
    coder: str = 'cells'
    alone: bool = True


@dataclass(frozen=True, slots=True)
class LinkEstimate:
    """State what is believed about the link; None while unknown."""

    capacity_kbps: float | None
    backlog_ms: float | None


def frame_message(frame: Frame, header: Header) -> EncodedFrame:
    """Make the message of a frame under the camera's header, sealed by its checksum."""
    payload = array('B')
    payload.frombytes(frame.payload)
    return EncodedFrame(
        header=header, sender_start=to_stamp(frame.header.sender_start_ns), payload=payload,
        **frame_fields(frame))


def camera_header(fields: FrameHeader) -> Header:
    """Return the header of the camera image that a frame was made of."""
    return Header(stamp=to_stamp(fields.stamp_ns), frame_id=fields.frame_id)


def report_message(report: 'Report', stamp_ns: int) -> LinkReport:
    """Make the message of a report on one sender."""
    arrivals = report.arrivals
    return LinkReport(
        stamp=to_stamp(stamp_ns), sender_start=to_stamp(report.sender_start_ns),
        report_sequence=report.report_sequence, receiver_id=report.receiver_id,
        sent_s=report.sent_s, decoded_sequence=report.decoded_sequence,
        sequence=array('I', [arrival.sequence for arrival in arrivals]),
        arrival_s=array('d', [arrival.arrival_s for arrival in arrivals]),
        bytes=array('I', [arrival.message_bytes for arrival in arrivals]),
        server_ms=array('f', [_MS_PER_S * arrival.server_s for arrival in arrivals]))


def read_report(message: LinkReport) -> ReceivedReport:
    """Return the checked report; raise WireError for what cannot be one."""
    checked_ns('stamp', message.stamp)
    return ReceivedReport(
        checked_ns('sender_start', message.sender_start), message.report_sequence,
        message.receiver_id, message.sent_s,
        read_arrivals(message.sequence, message.arrival_s, message.bytes, message.server_ms),
        message.decoded_sequence)


def report_data(report: ReceivedReport) -> LinkReportData:
    """Return what the control of the width learns from a checked report."""
    return LinkReportData(
        report.receiver_id, report.report_sequence, report.sent_s, tuple(
            Arrival(arrival.sequence, arrival.arrival_s, arrival.message_bytes,
                    arrival.server_ms / _MS_PER_S)
            for arrival in report.arrivals),
        None if report.decoded_sequence < 0 else report.decoded_sequence)


def status_message(
    state: str, last: LastFrame, estimate: LinkEstimate, counters: Counters,
    answers: AnswerCounts,
) -> EncoderStatus:
    """Make the message that says what the onboard node does and why."""
    return EncoderStatus(
        header=last.header, state=state, width=last.width, rate=last.rate, coder=last.coder,
        alone=last.alone, reason=last.reason, payload_bytes=last.payload_bytes,
        encode_ms=last.encode_ms, frames_in=counters.frames_in,
        frames_sent=counters.frames_sent, drop_reasons=list(counters.dropped),
        drop_counts=list(counters.dropped.values()),
        rate_kbps=counters.rate_kbps, capacity_kbps=_or_nan(estimate.capacity_kbps),
        backlog_ms=_or_nan(estimate.backlog_ms), frames_answered=answers.answered,
        answers_late=answers.late, answers_refused=answers.refused,
        answer_ms=answers.answer_ms, reports_refused=answers.reports_refused)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


class DetectionWriter:
    """
    Fill one Detection2DArray again and again; each call invalidates the message before.

    A Detection2D takes 0.1 ms to make, most of it for a covariance that nobody fills, so the
    parts are made once and kept. For one thread; publish before the next call.
    """

    def __init__(self, class_names: Sequence[str]) -> None:
        self._class_names = tuple(class_names)
        self._kept: list[Detection2D] = []
        self._message = Detection2DArray()

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names that are written, by label."""
        return self._class_names

    def write(
        self, boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, header: Header
    ) -> Detection2DArray:
        """Take boxes (n, 4) as x, y, w, h in pixels of the original image, scores, labels (n,)."""
        while len(self._kept) < len(scores):
            self._kept.append(Detection2D(results=[ObjectHypothesisWithPose()]))
        used = self._kept[:len(scores)]
        rows = np.column_stack([boxes, scores]).tolist()
        for detection, row, label in zip(used, rows, labels.tolist(), strict=True):
            self._fill(detection, row, self._class_names[label], header)
        self._message.header = header
        self._message.detections = used
        return self._message

    @staticmethod
    def _fill(detection: Detection2D, row: list[float], name: str, header: Header) -> None:
        x, y, width, height, score = row
        detection.header = header
        box = detection.bbox
        box.size_x, box.size_y = width, height
        center = box.center.position
        center.x, center.y = x + width / 2, y + height / 2
        hypothesis = detection.results[0].hypothesis
        hypothesis.class_id, hypothesis.score = name, score


def label_info(class_names: Sequence[str], header: Header, threshold: float) -> LabelInfo:
    """Name the classes by their numbers; a number without a name is none."""
    classes = [
        VisionClass(class_id=number, class_name=name)
        for number, name in enumerate(class_names) if name]
    return LabelInfo(header=header, class_map=classes, threshold=threshold)
