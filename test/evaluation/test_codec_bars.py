"""The bars are judged by what was measured, and by nothing else."""

import pytest

from slim_split_ros.reports.rate_curves import at_ap50
from tools.codec_bars import Bar, judge

DETECTOR = {'ap50': 0.7}


def point(codec: str, size: float, ap50: float, encode_ms: float, **more: object) -> dict:
    return {'codec': codec, 'bytes': size, 'ap50': ap50, 'encode_ms': encode_ms,
            'network_ms': encode_ms - 0.2, **more}


def slim(width: float, size: float, ap50: float, encode_ms: float, rate: int = 0) -> dict:
    return point('slim', size, ap50, encode_ms, width=width, rate=rate, default=rate == 0)


SLIM = [slim(0.25, 900, 0.60, 0.8), slim(0.25, 500, 0.52, 0.8, rate=1), slim(1.0, 2000, 0.69, 3.0)]
PAPER = [point('paper', 6300, 0.30, 4.2, members=1, bits=1, default=False),
         point('paper', 25000, 0.65, 4.2, members=1, bits=4, default=True)]
IMAGES = [point('webp', 2000, 0.60, 8.0), point('webp', 6000, 0.69, 12.0),
          point('jpeg', 1500, 0.40, 0.5), point('jpeg', 9000, 0.68, 0.6)]


def bars(points: list, jpeg_ms: float = 0.5) -> dict[str, Bar]:
    return {bar.name: bar for bar in judge(DETECTOR, jpeg_ms, points)}


def named(points: list, part: str) -> Bar:
    (bar,) = (bar for name, bar in bars(points).items() if part in name)
    return bar


def test_times_are_shares_of_one_member_of_the_paper() -> None:
    found = bars([*SLIM, *PAPER])
    narrow = found['network alone, narrowest width: share of one member of the paper']
    assert narrow.figure == pytest.approx(0.6 / 4.0)
    assert not narrow.met
    assert found['camera picture to payload, widest width: share of one member of the paper'].met


def test_the_narrowest_width_is_held_against_jpegs_time() -> None:
    bar = named(SLIM, 'multiple of JPEG')
    assert bar.figure == pytest.approx(1.6)
    assert bar.met


def test_bytes_at_nearly_full_accuracy_are_held_against_the_best_image_codec() -> None:
    bar = named([*SLIM, *IMAGES], 'share of the best JPEG or WebP')
    target = 0.95 * 0.7
    ours, webp = at_ap50(SLIM, target), at_ap50(IMAGES[:2], target)
    assert bar.figure == pytest.approx(ours.bytes / webp.bytes)
    time = named([*SLIM, *IMAGES], 'share of WebP')
    assert time.figure == pytest.approx(ours.encode_ms / webp.encode_ms)


def test_a_codec_that_never_gets_there_says_how_far_it_gets() -> None:
    poor = [slim(0.25, 900, 0.5, 0.8), slim(1.0, 2000, 0.6, 3.0)]
    bar = named([*poor, *IMAGES], 'kept by the best setting')
    assert bar.figure == pytest.approx(0.6 / 0.7)
    assert not bar.met
    assert not [name for name in bars([*poor, *IMAGES]) if 'bytes at 95%' in name]


def test_accuracy_kept_is_told_at_the_default_rate_and_at_a_widths_best() -> None:
    found = bars([*SLIM, slim(0.25, 1500, 0.63, 0.8, rate=4)])
    assert found['AP50 kept, narrowest width at its default rate'].figure == pytest.approx(6 / 7)
    assert found['AP50 kept, narrowest width at its best rate'].figure == pytest.approx(0.9)
    widest = found['AP50 kept, widest width at its best rate']
    assert widest.figure == pytest.approx(0.69 / 0.7)


def test_the_papers_bytes_are_compared_at_every_accuracy_it_has() -> None:
    bar = named([*SLIM, *PAPER], 'share of the paper, where that is most')
    assert bar.figure == pytest.approx(500 / 6300)  # the fewest bytes do for its 0.30


def test_a_wider_width_that_is_worse_is_told() -> None:
    worse = [slim(0.25, 900, 0.6, 0.8), slim(0.5, 1200, 0.59, 1.5), slim(1.0, 2000, 0.69, 3.0)]
    bar = named(worse, 'AP50 gained from one width')
    assert bar.figure == pytest.approx(-0.01)
    assert not bar.met


def test_an_image_codec_above_our_curve_is_told() -> None:
    better = [*SLIM, point('webp', 1000, 0.66, 8.0)]
    bar = named(better, 'above the best JPEG or WebP')
    assert bar.figure < 0
    assert not bar.met


def test_what_was_not_measured_is_not_judged() -> None:
    assert [bar.name for bar in judge(DETECTOR, 0.5, [])] == ['uncompressed detector: AP50']
    assert not [name for name in bars(SLIM) if 'paper' in name or 'WebP' in name]


def test_a_line_says_by_how_much_a_bar_is_missed() -> None:
    assert str(Bar('AP50', 0.65, 0.68, at_most=False)) == (
        'missed by 0.030: AP50 0.650, at least 0.680')
