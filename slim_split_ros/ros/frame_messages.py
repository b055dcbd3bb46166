"""Answer how a frame of features, a link report and a status become messages, and back."""

from array import array
from dataclasses import dataclass
import math

from std_msgs.msg import Header

from slim_split_ros.control import Arrival, LinkReportData
from slim_split_ros.msg import EncodedFrame, EncoderStatus, LinkReport
from slim_split_ros.ros.counts import Tally
from slim_split_ros.ros.times import to_ns, to_stamp
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.header import EncodedPayload, FrameHeader, check, seal

_MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class LastFrame:
    """State what was sent last, under which header and why."""

    header: Header
    width: float
    rate: int
    reason: str
    payload_bytes: int = 0
    encode_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Belief:
    """State what is believed about the link; None while unknown."""

    capacity_kbps: float | None
    backlog_ms: float | None


def frame_message(frame: EncodedPayload, header: Header) -> EncodedFrame:
    """Make the message of a frame under the camera's header, sealed by its checksum."""
    fields, geometry = frame.header, frame.header.geometry
    payload = array('B')
    payload.frombytes(frame.payload)
    return EncodedFrame(
        header=header, sender_start=to_stamp(fields.sender_start_ns), sequence=fields.sequence,
        image_width=geometry.image_width, image_height=geometry.image_height,
        input_width=geometry.input_width, input_height=geometry.input_height,
        width=fields.width, rate=fields.rate, fingerprint=fields.fingerprint,
        encode_ms=fields.encode_ms, checksum=seal(fields, frame.payload),
        chunk_index=fields.chunk_index, chunk_count=fields.chunk_count, payload=payload)


def read_frame(message: EncodedFrame) -> EncodedPayload:
    """Return the checked frame; raise WireError for what cannot be one."""
    header = FrameHeader(
        sender_start_ns=to_ns(message.sender_start), sequence=message.sequence,
        geometry=FrameGeometry(message.image_width, message.image_height,
                               message.input_width, message.input_height),
        width=message.width, rate=message.rate, fingerprint=message.fingerprint,
        stamp_ns=to_ns(message.header.stamp), encode_ms=message.encode_ms,
        chunk_index=message.chunk_index, chunk_count=message.chunk_count)
    payload = message.payload.tobytes()
    check(header, payload, message.checksum)
    return EncodedPayload(header, payload)


def report_message(report: LinkReportData, sender_start_ns: int, stamp_ns: int) -> LinkReport:
    """Make the message of a report on one sender."""
    arrivals = report.arrivals
    return LinkReport(
        stamp=to_stamp(stamp_ns), sender_start=to_stamp(sender_start_ns),
        report_sequence=report.report_sequence, receiver_id=report.receiver_id,
        sent_s=report.sent_s,
        sequence=array('I', [arrival.sequence for arrival in arrivals]),
        arrival_s=array('d', [arrival.arrival_s for arrival in arrivals]),
        bytes=array('I', [arrival.message_bytes for arrival in arrivals]),
        server_ms=array('f', [_MS_PER_S * arrival.server_s for arrival in arrivals]))


def read_report(message: LinkReport) -> LinkReportData:
    """Return the plain data; arrays of unequal length are cut to the shortest."""
    rows = zip(
        message.sequence, message.arrival_s, message.bytes, message.server_ms, strict=False)
    arrivals = tuple(
        Arrival(sequence, arrival_s, size, server_ms / _MS_PER_S)
        for sequence, arrival_s, size, server_ms in rows)
    return LinkReportData(
        message.receiver_id, message.report_sequence, message.sent_s, arrivals)


def status_message(last: LastFrame, belief: Belief, tally: Tally) -> EncoderStatus:
    """Make the message that says what the onboard node does and why."""
    return EncoderStatus(
        header=last.header, width=last.width, rate=last.rate, reason=last.reason,
        payload_bytes=last.payload_bytes, encode_ms=last.encode_ms,
        frames_in=tally.frames_in, frames_sent=tally.frames_sent,
        drop_reasons=list(tally.dropped), drop_counts=list(tally.dropped.values()),
        rate_kbps=tally.rate_kbps, capacity_kbps=_or_nan(belief.capacity_kbps),
        backlog_ms=_or_nan(belief.backlog_ms))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
