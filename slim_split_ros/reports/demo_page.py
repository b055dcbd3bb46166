"""Answer how the page of a demo looks: table, plots and pictures from plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slim_split_ros.reports.demo_rows import FrameFigures, WidthRow, demo_table
from slim_split_ros.reports.figures import COLOURS, figure_to_svg, make_axes
from slim_split_ros.reports.page import (
    Drawing,
    Picture,
    Section,
    Table,
    picture_to_data_uri,
    render_page,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """Hold an annotated frame: a JPEG file, and the width and bytes that carried it."""

    width: float
    message_bytes: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """Hold what one process took: resident memory, and its share of one processor core."""

    name: str
    memory_mb: float
    core_share: float


@dataclass(frozen=True, slots=True)
class DemoFacts:
    """Hold everything that the page shows; `link` names the one between both sides, if any."""

    source: str
    seconds: float
    score_threshold: float
    least_iou: float
    has_truth: bool
    channels: dict[float, int]
    frames: tuple[FrameFigures, ...]
    rows: tuple[WidthRow, ...]
    processes: tuple[ProcessRow, ...]
    drops: dict[str, int]
    first_payload_s: float
    first_answer_s: float
    shown: tuple[ShownFrame, ...]
    link: str | None = None


def render_demo(facts: DemoFacts) -> str:
    """Return the HTML document."""
    how = ('at each width by turns' if facts.link is None
           else f'at the width that the link {facts.link} allowed')
    lead = (f'{facts.source}, encoded on board {how}, detected in another process; '
            f'{facts.seconds:.0f} seconds over ROS 2.')
    sections = [_figures(facts), _plots(facts), _processes(facts), *_pictures(facts)]
    return render_page('From camera to detections', sections, lead)


def _figures(facts: DemoFacts) -> Section:
    paragraphs = [
        'Bytes are the serialized message of a frame, all of it. Encoding goes from the camera '
        'image in memory to the payload in memory, on one thread (median). End to end goes from '
        "the camera's stamp to the arrival of the detections in a third process. Lost are frames "
        'without detections.']
    if facts.has_truth:
        paragraphs.append(
            f'Precision and recall hold for detections with a score of at least '
            f'{facts.score_threshold:g} against every object that the camera sees, however small, '
            f'at IoU {facts.least_iou:g}.')
    table = demo_table(facts.rows, facts.channels, facts.has_truth)
    return Section('Per width', tuple(paragraphs), tables=(table,))


def _plots(facts: DemoFacts) -> Section:
    drawings = [
        Drawing(_draw_bytes(facts.frames), 'Each frame as it was sent. Nothing is loaded between '
                'two widths.'),
        Drawing(_draw_delays(facts.frames), 'Share of frames whose detections were back within '
                'a time.'),
        Drawing(_draw_times(facts.rows), 'Where a frame spends its time (medians): the encoder on '
                'board; decoder and rest of the detector on the server; ROS 2, which carries '
                'image, features and detections.')]
    if any(row.recall is not None for row in facts.rows):
        drawings.append(Drawing(
            _draw_quality(facts.rows), 'What the bytes buy: objects found (recall) and '
            'detections that are right (precision).'))
    return Section('Frame by frame', drawings=tuple(drawings))


def _processes(facts: DemoFacts) -> Section:
    table = Table(
        ('process', 'resident memory, MB', 'share of a core'),
        tuple((item.name, f'{item.memory_mb:.0f}', f'{item.core_share:.0%}')
              for item in facts.processes))
    dropped = ', '.join(f'{name} {count}' for name, count in facts.drops.items() if count)
    paragraphs = (
        f'The first payload came {facts.first_payload_s:.1f} s after the processes were started '
        f'together, the first detections after {facts.first_answer_s:.1f} s.',
        f'Camera images not encoded since the start: {dropped or "none"}.')
    return Section('Processes', paragraphs, tables=(table,))


def _pictures(facts: DemoFacts) -> list[Section]:
    if not facts.shown:
        return []
    pictures = tuple(
        Picture(picture_to_data_uri(frame.jpeg),
                f'width {frame.width:.2f}, {frame.message_bytes:,} bytes')
        for frame in facts.shown)
    truth = ' White boxes are the truth.' if facts.has_truth else ''
    return [Section(
        'Pictures', (f'What the server found, drawn on what the camera saw.{truth}',),
        pictures=pictures)]


def _draw_bytes(frames: Sequence[FrameFigures]) -> str:
    figure, axes = make_axes('time, s', 'bytes of a frame')
    start_s = min(frame.captured_s for frame in frames)
    for colour, group in _by_width(frames):
        axes.plot([frame.captured_s - start_s for frame in group],
                  [frame.message_bytes for frame in group], '.', color=colour, markersize=4,
                  label=_name(group))
    axes.set_ylim(bottom=0)
    _add_legend(axes)
    return figure_to_svg(figure)


def _draw_delays(frames: Sequence[FrameFigures]) -> str:
    figure, axes = make_axes('end to end, ms', 'share of frames')
    for colour, group in _by_width(frames):
        delays_ms = sorted(
            frame.end_to_end_ms for frame in group if frame.end_to_end_ms is not None)
        # Of all frames: a curve that ends below 1 shows what was lost.
        shares = np.arange(1, len(delays_ms) + 1) / len(group)
        axes.step(delays_ms, shares, where='post', color=colour, label=_name(group))
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1.02)
    _add_legend(axes)
    return figure_to_svg(figure)


def _draw_times(rows: Sequence[WidthRow]) -> str:
    figure, axes = make_axes('ms', 'width')
    timed = [row for row in rows if row.ros_ms is not None]
    names = [f'{row.width:.2f}' for row in timed]
    left_ms = np.zeros(len(timed))
    for name, field, colour in (('encoder', 'encode_ms', COLOURS[1]),
                                ('server', 'server_ms', COLOURS[3]),
                                ('ROS 2', 'ros_ms', COLOURS[2])):
        spent_ms = np.array([getattr(row, field) for row in timed])
        axes.barh(names, spent_ms, 0.6, left=left_ms, color=colour, label=name)
        left_ms = left_ms + spent_ms
    _add_legend(axes)
    return figure_to_svg(figure)


def _draw_quality(rows: Sequence[WidthRow]) -> str:
    figure, axes = make_axes('bytes of a frame', 'share')
    sizes = [row.bytes_per_frame for row in rows]
    for name, colour in (('precision', COLOURS[1]), ('recall', COLOURS[3])):
        shares = [getattr(row, name) for row in rows]
        axes.plot(sizes, [np.nan if share is None else share for share in shares], 'o-',
                  color=colour, label=name)
    for row in rows:
        axes.annotate(f'{row.width:.2f}', (row.bytes_per_frame, 0.02), ha='center', fontsize=9)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1)
    _add_legend(axes)
    return figure_to_svg(figure)


def _by_width(frames: Sequence[FrameFigures]) -> list[tuple[str, list[FrameFigures]]]:
    widths = sorted({frame.width for frame in frames})
    return [
        (COLOURS[k % len(COLOURS)], [frame for frame in frames if frame.width == width])
        for k, width in enumerate(widths)]


def _name(group: Sequence[FrameFigures]) -> str:
    return f'width {group[0].width:.2f}'


def _add_legend(axes: Axes) -> None:
    # Above the axes, where it covers nothing.
    axes.figure.legend(loc='outside upper left', ncols=4, frameon=False, fontsize=9)
