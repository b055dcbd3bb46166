"""
The bars that this project set its codec, held against the figures of `evaluate --json`.

    python -m tools.codec_bars figures.json

A bar that needs a codec which was not measured is left out, so that nothing counts unmeasured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
import sys
from typing import Any

from slim_split_ros.reports.evaluation_summary import SHARE
from slim_split_ros.reports.rate_curves import Point, at_ap50, at_bytes, pareto_front

NETWORK_LIMITS = (1 / 8, 1 / 2)  # narrowest and widest, of one member of the paper's encoder
FRAME_LIMITS = (1 / 4, 1.0)  # the same from camera picture to payload
JPEG_LIMIT = 2.0  # narrowest, of JPEG at quality 80
KEPT_LIMITS = (0.85, 0.97)  # narrowest and widest, of the undamaged pictures' AP50
LEAST_BYTES = 600.0  # that coarse rates come down to
IMAGE_BYTES_LIMIT = 0.42  # of the better of JPEG and WebP, at SHARE
H264_BYTES_LIMIT = 0.5  # of plain H.264, every picture alone, at SHARE
MOST_BYTES = {0.90: 1300.0, 0.97: 3500.0}  # for a share of the undamaged pictures' AP50
COMPARED_FROM = 300.0  # bytes, above which no rival may be better
H264_TIME_LIMIT = 1.5  # widest width, of plain H.264 of the same scale
WEBP_TIME_LIMIT = 1 / 2
PAPER_BYTES_LIMIT = 1 / 3
VIDEO_BYTES = {0.60: 370.0, 0.69: 950.0, 0.72: 1500.0}  # a frame, for an AP50
VIDEO_AP50 = (0.60, 0.69)  # at which plain H.264 is compared
VIDEO_SHARE_LIMIT, VIDEO_MOST_SHARE = 0.65, 0.85  # of its bytes there, and anywhere
VIDEO_P95_LIMIT = 3.0
WIDTH_TOLERANCE = 0.005  # of AP50, by which a wider width may be worse
DETECTOR_LIMIT = 0.68


@dataclass(frozen=True, slots=True)
class Bar:
    """One demand: the figure measured, its limit, and whether less or more is better."""

    name: str
    figure: float
    limit: float
    at_most: bool

    @property
    def met(self) -> bool:
        """Return whether the figure keeps the limit."""
        return self.figure <= self.limit if self.at_most else self.figure >= self.limit

    def __str__(self) -> str:
        verdict = 'met' if self.met else f'missed by {abs(self.figure - self.limit):.3f}'
        limit = f'{"at most" if self.at_most else "at least"} {self.limit:.3f}'
        return f'{verdict}: {self.name} {self.figure:.3f}, {limit}'


def judge(detector: Mapping[str, Any], jpeg_ms: float, points: Sequence[Point],
          long_side: float | None = None) -> list[Bar]:
    """Return every bar that these points can be held against; `long_side` is the pictures'."""
    by_codec: dict[str, list[Point]] = {}
    for point in points:
        by_codec.setdefault(point['codec'], []).append(point)
    defaults = sorted((point for point in by_codec.get('slim', ()) if point['default']),
                      key=lambda point: point['width'])
    bars = [Bar('uncompressed detector: AP50', detector['ap50'], DETECTOR_LIMIT, False)]
    if defaults and detector['ap50'] > 0:
        parts: tuple[Callable[[], Iterator[Bar]], ...] = (
            lambda: _time_bars(defaults, by_codec, jpeg_ms),
            lambda: _accuracy_bars(defaults, by_codec, detector['ap50']),
            lambda: _image_bars(by_codec, detector['ap50']),
            lambda: _share_bars(by_codec['slim'], detector['ap50']),
            lambda: _h264_time_bars(by_codec, long_side),
            lambda: _paper_bars(by_codec),
            lambda: _order_bars(defaults))
        bars += [bar for part in parts for bar in part()]
    return bars


def judge_video(points: Sequence[Point]) -> list[Bar]:
    """Return the bars of clips of the simulated camera: ours, linked or alone, by video."""
    ours = [point for point in points if point['codec'] == 'slim']
    plain = [point for point in points if point['codec'] == 'h264_video']
    bars = []
    for ap50, limit in VIDEO_BYTES.items():
        needed = at_ap50(ours, ap50)
        bars.append(Bar(f'video: bytes for AP50 {ap50:.2f}', needed.bytes, limit, True)
                    if needed else
                    Bar('video: best AP50', max(row['ap50'] for row in ours), ap50, False))
    linked = [row for row in pareto_front(ours, 'bytes') if not row['alone']]
    if linked:
        bars.append(Bar('video: p95 of a frame after the first second, multiple of the mean, '
                        'where that is most on our front',
                        max(row['bytes_settled_p95'] / row['bytes_settled'] for row in linked),
                        VIDEO_P95_LIMIT, True))
    shares = {ap50: _share(ours, plain, ap50) for ap50 in (
        *VIDEO_AP50, *(row['ap50'] for row in pareto_front(plain, 'bytes')))}
    bars += [Bar(f'video: bytes for AP50 {ap50:.2f}, share of plain H.264', shares[ap50],
                 VIDEO_SHARE_LIMIT, True) for ap50 in VIDEO_AP50 if shares[ap50]]
    known = [share for share in shares.values() if share]
    if known:
        bars.append(Bar('video: bytes at equal AP50, share of plain H.264, where that is most',
                        max(known), VIDEO_MOST_SHARE, True))
    return bars


def _share(ours: Sequence[Point], plain: Sequence[Point], ap50: float) -> float | None:
    mine, theirs = at_ap50(ours, ap50), at_ap50(plain, ap50)
    return mine.bytes / theirs.bytes if mine and theirs else None


def _time_bars(defaults: list[Point], by_codec: dict[str, list[Point]], jpeg_ms: float
               ) -> Iterator[Bar]:
    member = [point for point in by_codec.get('paper', ())
              if point['members'] == 1 and point['default']]
    ends = (('narrowest', defaults[0]), ('widest', defaults[-1]))
    for cost, title, limits in (
            ('network_ms', 'network alone', NETWORK_LIMITS),
            ('encode_ms', 'camera picture to payload', FRAME_LIMITS)):
        for (end, point), limit in zip(ends, limits, strict=True):
            if member:
                yield Bar(f'{title}, {end} width: share of one member of the paper',
                          point[cost] / member[0][cost], limit, True)
    yield Bar('camera picture to payload, narrowest width: multiple of JPEG quality 80',
              defaults[0]['encode_ms'] / jpeg_ms, JPEG_LIMIT, True)


def _accuracy_bars(defaults: list[Point], by_codec: dict[str, list[Point]], reference: float
                   ) -> Iterator[Bar]:
    slim = by_codec['slim']
    for end, point, limit in zip(
            ('narrowest', 'widest'), (defaults[0], defaults[-1]), KEPT_LIMITS, strict=True):
        best = max(other['ap50'] for other in slim if other['width'] == point['width'])
        for rate, ap50 in (('default', point['ap50']), ('best', best)):
            yield Bar(f'AP50 kept, {end} width at its {rate} rate', ap50 / reference, limit, False)
    yield Bar('fewest bytes a frame', min(point['bytes'] for point in slim), LEAST_BYTES, True)
    most = pareto_front(slim, 'bytes')[-1]['bytes']
    for title, codecs in (('JPEG or WebP', ('jpeg', 'webp')), ('H.264', ('h264',))):
        rivals = [point for codec in codecs for point in by_codec.get(codec, ())]
        for where, above in (
                ('within our range', [row for row in rivals if row['bytes'] <= most]),
                ('beyond our range', [row for row in rivals if row['bytes'] > most])):
            gaps = [at_bytes(slim, row['bytes']) - row['ap50'] for row in above
                    if row['bytes'] >= COMPARED_FROM and at_bytes(slim, row['bytes']) is not None]
            if gaps:
                yield Bar(f'AP50 above the best {title} of as many bytes, where that is least, '
                          f'{where}', min(gaps), 0.0, False)


def _image_bars(by_codec: dict[str, list[Point]], reference: float) -> Iterator[Bar]:
    target = SHARE * reference
    ours = at_ap50(by_codec['slim'], target)
    webp = at_ap50(by_codec.get('webp', ()), target)
    images = [found for found in (webp, at_ap50(by_codec.get('jpeg', ()), target)) if found]
    if ours is None:
        best = max(point['ap50'] for point in by_codec['slim'])
        yield Bar(f'AP50 kept by the best setting, to compare at {SHARE:.0%}', best / reference,
                  SHARE, False)
        return
    if images:
        best_bytes = min(found.bytes for found in images)
        yield Bar(f'bytes at {SHARE:.0%}: share of the best JPEG or WebP',
                  ours.bytes / best_bytes, IMAGE_BYTES_LIMIT, True)
    h264 = at_ap50(by_codec.get('h264', ()), target)
    if h264:
        yield Bar(f'bytes at {SHARE:.0%}: share of plain H.264', ours.bytes / h264.bytes,
                  H264_BYTES_LIMIT, True)
    if webp:
        yield Bar(f'encode time at {SHARE:.0%}: share of WebP',
                  ours.encode_ms / webp.encode_ms, WEBP_TIME_LIMIT, True)


def _share_bars(slim: list[Point], reference: float) -> Iterator[Bar]:
    for share, limit in MOST_BYTES.items():
        needed = at_ap50(slim, share * reference)
        if needed:
            yield Bar(f'bytes at {share:.0%}', needed.bytes, limit, True)
        else:
            best = max(point['ap50'] for point in slim)
            yield Bar(f'AP50 kept by the best setting, to compare at {share:.0%}',
                      best / reference, share, False)


def _h264_time_bars(by_codec: dict[str, list[Point]], long_side: float | None) -> Iterator[Bar]:
    """Hold our widest points against plain H.264 of their scale, and of as many bytes or near."""
    coded = [point for point in by_codec['slim'] if 'long_side' in point and point['alone']]
    if not coded or long_side is None:
        return
    widest = max(point['width'] for point in coded)
    ratios = []
    for point in coded:
        scale = min(1.0, point['long_side'] / long_side)
        same = [row for row in by_codec.get('h264', ()) if abs(row['scale'] - scale) < 0.01]
        if point['width'] == widest and same:
            nearest = min(same, key=lambda row: abs(row['bytes'] - point['bytes']))
            ratios.append(point['encode_ms'] / nearest['encode_ms'])
    if ratios:
        yield Bar('encode time, widest width by video: multiple of plain H.264 of its scale, '
                  'where that is most', max(ratios), H264_TIME_LIMIT, True)


def _paper_bars(by_codec: dict[str, list[Point]]) -> Iterator[Bar]:
    """Compare at each accuracy that both reach, and report the worst."""
    ratios = []
    for point in pareto_front(by_codec.get('paper', ()), 'bytes'):
        ours = at_ap50(by_codec['slim'], point['ap50'])
        if ours is not None:
            ratios.append(ours.bytes / point['bytes'])
    if ratios:
        yield Bar('bytes at equal AP50: share of the paper, where that is most', max(ratios),
                  PAPER_BYTES_LIMIT, True)


def _order_bars(defaults: list[Point]) -> Iterator[Bar]:
    pairs = list(zip(defaults[:-1], defaults[1:], strict=True))
    if pairs:
        yield Bar('AP50 gained from one width to the next, where that is least',
                  min(wide['ap50'] - narrow['ap50'] for narrow, wide in pairs),
                  -WIDTH_TOLERANCE, False)
        yield Bar('bytes added from one width to the next, where that is least',
                  min(wide['bytes'] - narrow['bytes'] for narrow, wide in pairs), 0.0, False)


if __name__ == '__main__':
    figures = json.loads(Path(sys.argv[1]).read_text('utf-8'))
    if figures['data']['video']:
        print(*judge_video(figures['points']), sep='\n')
    else:
        print(*judge(figures['detector'], figures['jpeg80_ms'], figures['points'],
                     figures['data']['long_side']), sep='\n')
