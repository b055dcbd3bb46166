"""What a detector still finds behind each codec, as a page: curves, bytes and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slim_split_ros.reports.figures import figure_to_svg, make_axes
from slim_split_ros.reports.page import (
    Drawing,
    Picture,
    Section,
    Table,
    picture_to_data_uri,
    render_page,
)
from slim_split_ros.reports.rate_curves import Point, at_ap50, pareto_front

AIMS = (0.8, 0.9, 0.95)
MEANING = (
    'AP ranks what is found and does not see that all scores fall: where less is published than '
    'was found here, lower score_threshold. Frames that lean on earlier ones are measured as one '
    'clip of each source, whose key frame does not count; all else is sent as single frames, '
    'H.264 too, which takes less as a stream of its own.')
_STYLES = {'slim': ('#8b7ff0', 'o'), 'webp': ('#7c9a3c', '+'), 'jpeg': ('#d6587a', 'x'),
           'h264': ('#2f9be0', '^')}
_PLOT_INCHES = (7.2, 4.6)
_SETTING = ('coder', 'alone', 'width', 'rate', 'quality', 'crf', 'scale')


def render_agreement(
    lead: str, rows: Sequence[Mapping[str, Any]], pictures: Sequence[tuple[str, bytes]]
) -> str:
    """Return the HTML document for the points of `--json` and pairs of caption and JPEG."""
    points = as_points(rows)
    return render_page('What the detector still finds', [
        _summary(points), _plot_section(points), _picture_section(pictures),
        _table_section(points)], lead)


def as_points(rows: Sequence[Mapping[str, Any]]) -> list[Point]:
    """Return points as `rate_curves` takes them."""
    return [{**row, 'ap50': row['agreement_ap50']} for row in rows]


def families(points: Sequence[Point]) -> dict[str, list[Point]]:
    """
    Return the points of what is compared by its name, ours apart by coder.

    >>> rows = [{'codec': 'slim', 'coder': 'video', 'alone': False}, {'codec': 'webp'}]
    >>> list(families(rows))
    ['slim (video, leaning on earlier frames)', 'webp']
    """
    groups: dict[str, list[Point]] = {}
    for point in points:
        name = point['codec']
        if name == 'h264':
            name += ' (every frame alone)'
        if 'coder' in point:
            name += f' ({point["coder"]}' + (
                ')' if point.get('alone', True) else ', leaning on earlier frames)')
        groups.setdefault(name, []).append(point)
    return groups


def needed_rows(points: Sequence[Point]) -> list[tuple[str, ...]]:
    """Return for each the best agreement, and the bytes at each of AIMS."""
    webp = [point for point in points if point['codec'] == 'webp']
    rows = []
    for name, own in families(points).items():
        cells = [name, f'{max(point["ap50"] for point in own):.3f}']
        for aim in AIMS:
            needed, rival = at_ap50(own, aim), at_ap50(webp, aim)
            share = f' ({needed.bytes / rival.bytes:.2f} of WebP)' if needed and rival else ''
            cells.append(f'{needed.bytes:.0f}{share}' if needed else 'not reached')
        rows.append(tuple(cells))
    return rows


NEEDED_COLUMNS = ('sent', 'best agreement', *(f'bytes at {aim:g}' for aim in AIMS))


def _summary(points: Sequence[Point]) -> Section:
    return Section('In short', (
        'Agreement is AP50 against what the detector itself finds in undamaged frames, its '
        'classes taken for one. Bytes are all that is handed to the middleware for a frame, '
        'headers included; between two measured settings their logarithm is interpolated. Of all '
        'that is compared, ours too, the best settings on these very frames count, so each may '
        'need a little more on others.', MEANING),
        (Table(NEEDED_COLUMNS, tuple(needed_rows(points))),))


def _plot_section(points: Sequence[Point]) -> Section:
    figure, axes = make_axes('bytes a frame, headers included', 'agreement AP50', _PLOT_INCHES)
    for name, own in families(points).items():
        colour, marker = _STYLES.get(own[0]['codec'], ('#888888', '.'))
        line = '-'
        if own[0].get('coder', 'cells') != 'cells':
            line, marker = ('-', 's') if own[0].get('alone', True) else ('--', 'D')
        front = pareto_front(own, 'bytes')
        axes.scatter([point['bytes'] for point in own], [point['ap50'] for point in own], s=14,
                     color=colour, marker=marker, alpha=0.6)
        axes.plot([point['bytes'] for point in front], [point['ap50'] for point in front],
                  color=colour, linestyle=line, linewidth=1.2, marker=marker, markersize=4,
                  label=name)
    axes.set_xscale('log')
    axes.legend(frameon=False, fontsize='small')
    return Section('Bytes and agreement', drawings=(Drawing(
        figure_to_svg(figure), 'Each line joins the settings that no other of the same kind '
        'beats.'),))


def _picture_section(pictures: Sequence[tuple[str, bytes]]) -> Section:
    return Section('Side by side', (
        'For about the same bytes: what a person sees, with what the detector finds there.',),
        pictures=tuple(Picture(picture_to_data_uri(jpeg), caption) for caption, jpeg in pictures))


def _table_section(points: Sequence[Point]) -> Section:
    rows = tuple(
        (', '.join([point['codec'], *(f'{name} {_text(point[name])}' for name in _SETTING
                                      if name in point)]),
         f'{point["bytes"]:.0f}', f'{point["encode_ms"]:.2f}', f'{point["ap50"]:.3f}')
        for point in sorted(points, key=lambda row: row['bytes']))
    return Section('Every point', tables=(
        Table(('setting', 'bytes', 'encode ms', 'agreement AP50'), rows),))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    return value if isinstance(value, str) else f'{value:.3g}'
