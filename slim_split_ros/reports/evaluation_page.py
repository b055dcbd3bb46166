"""Measured points as a page: AP50 against bytes and against time, with the best marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from slim_split_ros.reports.evaluation_summary import (
    reaches,
    series_name,
    summary_section,
)
from slim_split_ros.reports.evaluation_widths import widths_section
from slim_split_ros.reports.figures import figure_to_svg, make_axes
from slim_split_ros.reports.page import Drawing, Section, Table, render_page
from slim_split_ros.reports.rate_curves import Point, pareto_front

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ('setting', 'best for', 'bytes', 'bytes p95', 'encode ms p50', 'ms p95', 'network ms',
            'AP50', '95 % interval', 'of detector', 'AP', 'AP small', 'AP medium', 'AP large')
_SETTLED_COLUMNS = ('bytes after 1 s', 'p95 after 1 s')
# Colour and marker: ours in violet, other networks as filled shapes, image codecs as crosses.
_STYLES = {
    'slim': ('#8b7ff0', 'o'), 'slim by cells': ('#8b7ff0', 'o'),
    'slim by video': ('#5a48e8', 'P'), 'slim by video, linked': ('#3a2bb0', 'X'),
    'static': ('#c46bd6', 'D'),
    'paper': ('#e08a1e', 's'),
    'entropic': ('#2f9be0', '^'), 'late': ('#1fab7a', 'v'), 'jpeg': ('#d6587a', 'x'),
    'webp': ('#7c9a3c', '+'), 'h264': ('#b5541c', '1'), 'h264_video': ('#b5541c', '2'),
    'none': ('#888888', '.'), 'local': ('#2aa6a0', '*')}
_PLOT_INCHES = (7.2, 4.6)


def render_evaluation(
    data_set: str, classes: Sequence[str], detector: Mapping[str, Any], points: Sequence[Point],
    jpeg80_ms: float, maps: Sequence[Mapping[str, Any]] = (),
    draws: Sequence[Mapping[str, Any]] = (),
) -> str:
    """
    Return the HTML document for the figures that `evaluate --json` writes.

    `draws` are what other recordings would give, see `reaches`.
    """
    lead = (f"{data_set}: the same pictures, the same detector behind every codec, the robot's "
            'side on one thread.')
    sections = [
        summary_section(reaches(detector, points, draws), jpeg80_ms),
        _detector_section(classes, detector),
        _plots(detector, points), widths_section(points, maps), _table_section(detector, points)]
    return render_page('Bytes, time and accuracy', [
        section for section in sections if section is not None], lead)


def setting_name(point: Point) -> str:
    """
    Return what a reader calls a setting.

    >>> setting_name({'codec': 'webp', 'quality': 20, 'scale': 0.5})
    'webp, quality 20, scale 0.5'
    """
    named = ('width', 'rate', 'members', 'bits', 'quality', 'scale', 'crf')
    parts = [f'{name} {point[name]:.3g}' for name in named if name in point]
    return ', '.join([series_name(point), *parts])


def _detector_section(classes: Sequence[str], detector: Mapping[str, Any]) -> Section:
    row = tuple(map(_share, (detector['ap'], *detector['class_ap50'])))
    table = Table(('pictures', 'AP50', '95 % interval', 'AP', *(
        f'AP50 {name}' for name in classes)),
                  (('undamaged', _share(detector['ap50']), _interval(detector), *row),))
    return Section('The detector itself', (
        "COCO's evaluation, by pycocotools, boxes in pixels of the original picture. Everything "
        'below is compared with it.',), (table,))


def _plots(detector: Mapping[str, Any], points: Sequence[Point]) -> Section:
    drawings = tuple(
        Drawing(_plot(detector, points, cost, label), caption)
        for cost, label, caption in (
            ('bytes', 'bytes a frame, headers included',
             'AP50 against bytes. Lines join the points that no other of their kind, the grey '
             'one those that no other at all beats in both; what sends nothing is a level '
             'line.'),
            ('encode_ms', 'milliseconds from camera picture to payload, one thread',
             "AP50 against the robot's time.")))
    return Section('What bytes and time buy', drawings=drawings)


def _plot(detector: Mapping[str, Any], points: Sequence[Point], cost: str, label: str) -> str:
    figure, axes = make_axes(label, 'AP50', _PLOT_INCHES)
    costly = [point for point in points if point[cost] > 0]
    for name, (colour, marker) in _STYLES.items():
        own = [point for point in points if series_name(point) == name]
        drawn = [point for point in own if point[cost] > 0]
        _scatter(axes, drawn, cost, colour, marker)
        curve = pareto_front(drawn, cost)
        axes.plot([point[cost] for point in curve], [point['ap50'] for point in curve],
                  color=colour, linewidth=0.8, alpha=0.6, zorder=1)
        for point in own:
            if not point[cost] > 0 and name != 'none':
                axes.axhline(point['ap50'], color=colour, linewidth=1.0, linestyle=':',
                             label=name)
    front = pareto_front(costly, cost)
    axes.plot([point[cost] for point in front], [point['ap50'] for point in front],
              color='#888888', linewidth=1.0, zorder=1, label='best of all')
    axes.axhline(detector['ap50'], color='#888888', linewidth=0.8, linestyle='--',
                 label='undamaged')
    axes.set_xscale('log')
    axes.legend(frameon=False, fontsize='small', ncols=2)
    return figure_to_svg(figure)


def _scatter(axes: Axes, points: Sequence[Point], cost: str, colour: str, marker: str) -> None:
    if points:
        axes.scatter([point[cost] for point in points], [point['ap50'] for point in points],
                     s=22, color=colour, marker=marker, label=series_name(points[0]), zorder=2)


def _table_section(detector: Mapping[str, Any], points: Sequence[Point]) -> Section:
    fronts = {name: pareto_front([point for point in points if point[cost] > 0], cost)
              for name, cost in (('bytes', 'bytes'), ('time', 'encode_ms'))}
    is_video = any('bytes_settled' in point for point in points)
    columns = (*_COLUMNS, *_SETTLED_COLUMNS) if is_video else _COLUMNS
    rows = tuple((*_row(point, detector['ap50'], fronts), *(_settled(point) if is_video else ()))
                 for point in sorted(points, key=lambda row: row['bytes']))
    return Section('Every point', (
        'Means over the pictures; bytes are all that the middleware is handed for a frame. Best '
        'for bytes or time: no other that takes any beats this one in both that and AP50. The '
        'interval of AP50 is that of other recordings (bootstrap); – where too few are known.',),
        (Table(columns, rows),))


def _row(point: Point, reference: float, fronts: Mapping[str, Sequence[Point]]
         ) -> tuple[str, ...]:
    share = f'{point["ap50"] / reference:.1%}' if reference else '–'
    best = ', '.join(name for name, front in fronts.items()
                     if any(point is other for other in front))
    return (setting_name(point), best or '–', f'{point["bytes"]:.0f}',
            f'{point["bytes_p95"]:.0f}', f'{point["encode_ms_p50"]:.2f}',
            f'{point["encode_ms_p95"]:.2f}', f'{point["network_ms"]:.2f}',
            f'{point["ap50"]:.3f}', _interval(point), share,
            *(_share(point[name]) for name in ('ap', 'ap_small', 'ap_medium', 'ap_large')))


def _interval(row: Mapping[str, Any]) -> str:
    known = row.get('ap50_interval')
    return f'{known[0]:.3f} to {known[1]:.3f}' if known else '–'


def _settled(point: Point) -> tuple[str, str]:
    if 'bytes_settled' not in point:
        return '–', '–'
    return f'{point["bytes_settled"]:.0f}', f'{point["bytes_settled_p95"]:.0f}'


def _share(value: float | None) -> str:
    return '–' if value is None else f'{value:.3f}'
