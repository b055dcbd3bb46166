"""How the page of a demo looks: tables, plots and pictures from plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slim_split_ros.reports.demo_rows import (
    FrameFigures,
    ShownFrame,
    WidthRow,
    codec_table,
    demo_table,
    fate_table,
    traffic,
)
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

# Of the classes that a model knows; a list of COCO's 80 is read by nobody.
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """Hold what one process took: resident memory, and its share of one processor core."""

    name: str
    memory_mb: float
    core_share: float


@dataclass(frozen=True, slots=True)
class DemoFacts:
    """
    Hold everything that the page shows; `link` names the one between both sides, if any.

    `compared` has a row a frame: as it was sent, then the same picture by other codecs.
    """

    source: str
    codec: str
    model: str
    classes: tuple[str, ...]
    seconds: float
    score_threshold: float
    least_iou: float
    has_truth: bool
    channels: dict[float, int]
    captured: int
    frames: tuple[FrameFigures, ...]
    rows: tuple[WidthRow, ...]
    processes: tuple[ProcessRow, ...]
    drops: Mapping[str, int]
    first_payload_s: float
    first_answer_s: float
    shown: tuple[ShownFrame, ...]
    compared: tuple[tuple[ShownFrame, ...], ...]
    link: str | None = None
    report_bytes: int = 0


def render_demo(facts: DemoFacts) -> str:
    """Return the HTML document."""
    how = ('the width changing from frame to frame' if facts.link is None
           else f'at the width that the link {facts.link} allowed')
    lead = (f'{facts.source}, encoded on board by {facts.codec} ({facts.model}), {how}, detected '
            f'in another process; {facts.seconds:.0f} seconds over ROS 2, in which '
            f'{facts.captured} images came, {facts.captured / facts.seconds:.1f} a second. '
            f'This model finds {_named(facts.classes)}.')
    sections = [_figures(facts), *_pictures(facts), *_codecs(facts), _plots(facts), _fates(facts),
                _processes(facts)]
    return render_page('From camera to detections', sections, lead)


def _named(classes: Sequence[str]) -> str:
    left_out = len(classes) - _MOST_NAMED
    more = f' and {left_out} others' if left_out > 0 else ''
    return ', '.join(classes[:_MOST_NAMED]) + more


def _figures(facts: DemoFacts) -> Section:
    scenes = ('Every width sees the same scenes: the width changes from frame to frame.'
              if facts.link is None else
              'The link decides which frames go out at which width, so the rows show different '
              'scenes: they do not compare widths.')
    paragraphs = [
        f'{scenes} Bytes are the serialized message of a frame, all of it; kbit/s are what frames '
        f'of that width alone would take, at the {len(facts.frames) / facts.seconds:.1f} a second '
        'of this run. Encoding goes from the camera image in memory to the payload in memory, on '
        "one thread (median). End to end goes from the camera's stamp to the robot's own "
        'detections in the process that wrote this page. Lost are frames that no answer came back '
        'for; an answer may say that nothing was found.']
    rates = traffic(facts.frames, facts.report_bytes, facts.seconds)
    paragraphs.append(
        f'In all the robot sent {rates.frames:.1f} kbit/s of frames and got back '
        f'{rates.answers:.1f} kbit/s of answers and {rates.reports:.1f} of link reports.')
    if facts.has_truth:
        paragraphs.append(
            f'Precision and recall hold for detections with a score of at least '
            f'{facts.score_threshold:g} against every object that the camera sees, however small, '
            f'at IoU {facts.least_iou:g}.')
    table = demo_table(facts.rows, facts.channels, facts.has_truth)
    return Section('Per width', tuple(paragraphs), tables=(table,))


def _pictures(facts: DemoFacts) -> list[Section]:
    if not facts.shown:
        return []
    truth = ' White boxes are the truth.' if facts.has_truth else ''
    return [Section(
        'Pictures', (f'What the server found, drawn on what the camera saw.{truth}',),
        pictures=tuple(_picture(frame) for frame in facts.shown))]


def _codecs(facts: DemoFacts) -> list[Section]:
    """Show some frames beside other codecs, and of each width the first."""
    if not facts.compared:
        return []
    unjudged = '' if facts.has_truth else (
        ' Nobody knows what is in these pictures: more detections may be better or worse.')
    paragraphs = (
        f'{len(facts.compared)} of these frames as pictures of at most the same bytes, by OpenCV: '
        'of all sizes and qualities that fit, the one closest to the original, and where none '
        'fits the smallest. In what comes back the same model detects at its widest, so that what '
        f'is compared is not the detector but what reaches it. Boxes of {facts.codec} are drawn '
        f'on the original, which its server does not see.{unjudged}',)
    first = {frames[0].width: frames for frames in reversed(facts.compared)}
    return [Section(
        'The same bytes as a picture', paragraphs,
        tables=(codec_table(facts.compared, facts.has_truth),),
        pictures=tuple(_picture(frame) for width in sorted(first) for frame in first[width]))]


def _picture(frame: ShownFrame) -> Picture:
    caption = f'{frame.label}, {frame.message_bytes:,} bytes'
    return Picture(picture_to_data_uri(frame.jpeg), caption)


def _plots(facts: DemoFacts) -> Section:
    if not facts.frames:
        return Section('Frame by frame', ('No image was encoded in this time.',))
    carrier = 'ROS 2' if facts.link is None else 'ROS 2 and the link'
    drawings = [
        Drawing(_draw_bytes(facts.frames), 'Each frame as it was sent. Nothing is loaded between '
                'two widths.'),
        Drawing(_draw_delays(facts.frames), 'Share of frames whose detections were back within '
                'a time.'),
        Drawing(_draw_times(facts.rows, carrier), 'Where a frame spends its time (medians): the '
                'encoder on board; decoding, waiting and detecting on the server; '
                f'{carrier}, by which images, features and detections travel.')]
    if any(row.recall is not None for row in facts.rows):
        drawings.append(Drawing(
            _draw_quality(facts.rows), 'What the bytes of each width buy: objects found (recall) '
            'and detections that are right (precision).'))
    return Section('Frame by frame', drawings=tuple(drawings))


def _fates(facts: DemoFacts) -> Section:
    return Section("What became of the camera's images", tables=(
        fate_table(facts.frames, facts.captured, facts.drops),))


def _processes(facts: DemoFacts) -> Section:
    table = Table(
        ('process', 'resident memory, MB', 'share of a core'),
        tuple((item.name, f'{item.memory_mb:.0f}', f'{item.core_share:.0%}')
              for item in facts.processes))
    paragraph = (
        f'The first payload came {facts.first_payload_s:.1f} s after the processes were started '
        f'together, the first detections after {facts.first_answer_s:.1f} s.')
    return Section('Processes', (paragraph,), tables=(table,))


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


def _draw_times(rows: Sequence[WidthRow], carrier: str) -> str:
    figure, axes = make_axes('ms', 'width')
    timed = [row for row in rows if row.ros_ms is not None]
    names = [f'{row.width:.2f}' for row in timed]
    left_ms = np.zeros(len(timed))
    for name, field, colour in (('encoder', 'encode_ms', COLOURS[1]),
                                ('server', 'server_ms', COLOURS[3]),
                                (carrier, 'ros_ms', COLOURS[2])):
        spent_ms = np.array([getattr(row, field) for row in timed])
        axes.barh(names, spent_ms, 0.6, left=left_ms, color=colour, label=name)
        left_ms = left_ms + spent_ms
    _add_legend(axes)
    return figure_to_svg(figure)


def _draw_quality(rows: Sequence[WidthRow]) -> str:
    figure, axes = make_axes('bytes of a frame', 'share')
    # Points without a line: between two widths there is nothing.
    for name, marker, colour in (('precision', 's', COLOURS[1]), ('recall', 'o', COLOURS[3])):
        known = [row for row in rows if getattr(row, name) is not None]
        axes.plot([row.bytes_per_frame for row in known], [getattr(row, name) for row in known],
                  marker, color=colour, label=name)
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
