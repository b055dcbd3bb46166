"""
What the frames of a demo say about each width, about other codecs, and about what was lost.

It gets one record a frame and knows nothing of how they were observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from slim_split_ros.reports.page import Table

UNKNOWN = '–'
_KBIT_PER_BYTE = 0.008
# What the words mean with which the onboard node counts images that it did not encode.
_DROP_REASONS = {
    'target_fps': 'the camera is faster than target_fps',
    'encoder_busy': 'a newer image came, or its deadline passed, before the encoder was free',
    'no_subscriber': 'nobody listened to the frames',
    'message_lost': 'the middleware lost them between camera and node',
    'late': 'past deadline_ms, mostly before they reached the node',
    'link': 'the link had no room',
    'server': 'the server was busy',
    'compute': 'encoding takes too long',
    'budget': 'max_bitrate_kbps allowed no more',
    'outage': 'nothing came through',
}


@dataclass(frozen=True, slots=True)
class FrameFigures:
    """
    Hold what was observed of one encoded frame.

    `has_arrived` says that it is known to have reached the server. `server_ms` (arrival of the
    frame to its detections) and `end_to_end_ms` are None where no detections came back, and
    `answer_bytes` is 0; `matched` and `objects` are None where nobody knows the truth.
    """

    captured_s: float
    width: float
    message_bytes: int
    encode_ms: float
    has_arrived: bool
    server_ms: float | None
    end_to_end_ms: float | None
    detections: int
    matched: int | None
    objects: int | None
    answer_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """Hold what both directions carried, serialized messages, kbit/s."""

    frames: float
    answers: float
    reports: float


def traffic(frames: Sequence[FrameFigures], report_bytes: int, seconds: float) -> Traffic:
    """Return the mean rates of a run."""
    kbits_per_byte = _KBIT_PER_BYTE / seconds
    return Traffic(
        kbits_per_byte * sum(frame.message_bytes for frame in frames),
        kbits_per_byte * sum(frame.answer_bytes for frame in frames),
        kbits_per_byte * report_bytes)


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """
    Hold an annotated frame, a JPEG file, and what carried it; `width` is None for a foreign codec.

    `matched` and `objects` are None where nobody knows the truth.
    """

    codec: str
    label: str
    width: float | None
    message_bytes: int
    encode_ms: float
    detections: int
    matched: int | None
    objects: int | None
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WidthRow:
    """
    Hold the figures of one width; a figure is None where nothing says what it is.

    `ros_ms` is what a frame spends beside encoder and server. Times without a percentile are
    medians.
    """

    width: float
    frames: int
    unanswered: int
    bytes_per_frame: float
    rate_kbps: float  # if every frame were sent at this width
    encode_ms: float
    server_ms: float | None
    ros_ms: float | None
    end_to_end_ms_p50: float | None
    end_to_end_ms_p95: float | None
    detections: int
    precision: float | None
    recall: float | None


def summarize(frames: Sequence[FrameFigures], seconds: float) -> tuple[WidthRow, ...]:
    """Return one row for each width that occurs, narrowest first, of frames of so many seconds."""
    by_width = sorted(frames, key=lambda frame: (frame.width, frame.captured_s))
    fps = len(frames) / seconds
    return tuple(
        _row(width, list(group), fps)
        for width, group in groupby(by_width, key=lambda frame: frame.width))


def demo_table(rows: Sequence[WidthRow], channels: dict[float, int], has_truth: bool) -> Table:
    """Lay the rows out; precision and recall stand there only where there is a truth."""
    columns = ('width', 'frames', 'lost', 'bytes/frame', 'kbit/s', 'encode ms',
               'end-to-end ms p50', 'p95', 'detections')
    if has_truth:
        columns += ('precision', 'recall')
    return Table(columns, tuple(_cells(row, channels, has_truth) for row in rows))


def codec_table(compared: Sequence[Sequence[ShownFrame]], has_truth: bool) -> Table:
    """Compare codecs on the same frames; each frame has as many, in the same order."""
    columns = ('sent as', 'frames', 'bytes/frame', 'encode ms', 'detections')
    if has_truth:
        columns += ('precision', 'recall')
    return Table(columns, tuple(
        _codec_cells(frames, has_truth) for frames in zip(*compared, strict=True)))


def fate_table(frames: Sequence[FrameFigures], captured: int, drops: Mapping[str, int]) -> Table:
    """Say what became of the camera's images, and why; `drops` are the onboard node's counts."""
    lost = [frame for frame in frames if frame.end_to_end_ms is None]
    arrived = sum(frame.has_arrived for frame in lost)
    rows = [
        ('detections came back', len(frames) - len(lost)),
        ('lost: sent, but the server told of no arrival (lost on the way, or refused: '
         'offboard.log)', len(lost) - arrived),
        ('lost: arrived, but the server dropped them or had not finished (offboard.log)',
         arrived),
        ('not encoded', captured - len(frames))]
    rows += [('not encoded, by the count of the onboard node: '
              f'{_DROP_REASONS.get(name, "see onboard.log")} ({name})', count)
             for name, count in drops.items()]
    return Table(('what became of the images', 'images'),
                 tuple((name, str(count)) for name, count in rows if count))


def _row(width: float, frames: list[FrameFigures], fps: float) -> WidthRow:
    delays_ms = [frame.end_to_end_ms for frame in frames if frame.end_to_end_ms is not None]
    served = [frame for frame in frames
              if frame.server_ms is not None and frame.end_to_end_ms is not None]
    known = [frame for frame in frames if frame.matched is not None]
    matched = sum(frame.matched or 0 for frame in known)
    bytes_per_frame = float(np.mean([frame.message_bytes for frame in frames]))
    return WidthRow(
        width=width, frames=len(frames), unanswered=len(frames) - len(delays_ms),
        bytes_per_frame=bytes_per_frame, rate_kbps=bytes_per_frame * fps * 8 / 1000,
        encode_ms=float(np.median([frame.encode_ms for frame in frames])),
        server_ms=_percentile([frame.server_ms for frame in served], 50),
        ros_ms=_percentile(
            [frame.end_to_end_ms - frame.encode_ms - frame.server_ms for frame in served], 50),
        end_to_end_ms_p50=_percentile(delays_ms, 50), end_to_end_ms_p95=_percentile(delays_ms, 95),
        detections=sum(frame.detections for frame in frames),
        precision=_share(matched, sum(frame.detections for frame in known)),
        recall=_share(matched, sum(frame.objects or 0 for frame in known)))


def _percentile(values: list[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _cells(row: WidthRow, channels: dict[float, int], has_truth: bool) -> tuple[str, ...]:
    count = channels.get(row.width)
    cells = (
        f'{row.width:.2f} ({count} channels)' if count else f'{row.width:.2f}',
        str(row.frames), str(row.unanswered), f'{row.bytes_per_frame:,.0f}',
        f'{row.rate_kbps:.0f}', f'{row.encode_ms:.1f}', _text(row.end_to_end_ms_p50, '.0f'),
        _text(row.end_to_end_ms_p95, '.0f'), str(row.detections))
    if not has_truth:
        return cells
    return (*cells, _text(row.precision, '.2f'), _text(row.recall, '.2f'))


def _text(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else format(value, form)


def _codec_cells(frames: Sequence[ShownFrame], has_truth: bool) -> tuple[str, ...]:
    detections = sum(frame.detections for frame in frames)
    cells = (
        frames[0].codec, str(len(frames)),
        f'{np.mean([frame.message_bytes for frame in frames]):,.0f}',
        f'{np.median([frame.encode_ms for frame in frames]):.1f}', str(detections))
    if not has_truth:
        return cells
    known = [frame for frame in frames if frame.matched is not None]
    matched = sum(frame.matched for frame in known)
    return (*cells,
            _text(_share(matched, sum(frame.detections for frame in known)), '.2f'),
            _text(_share(matched, sum(frame.objects for frame in known)), '.2f'))
