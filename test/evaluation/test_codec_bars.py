"""The bars are judged by what was measured, and by nothing else."""

import pytest

from slim_split_ros.reports.rate_curves import at_ap50
from tools.codec_bars import Bar, judge, judge_video

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
    bar = named([*poor, *IMAGES], 'kept by the best setting, to compare at 95%')
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
    bar = named(better, 'above the best JPEG or WebP of as many bytes, where that is least, wi')
    assert bar.figure < 0
    assert not bar.met


def test_a_rival_of_few_bytes_is_not_held_against_us_and_one_beyond_our_range_is() -> None:
    found = bars([*SLIM, point('h264', 250, 0.7, 3.0, scale=0.5),
                  point('h264', 9000, 0.7, 3.0, scale=0.5)])
    assert not [name for name in found if 'best H.264' in name and 'within' in name]
    beyond = named([*SLIM, point('h264', 9000, 0.7, 3.0, scale=0.5)], 'beyond our range')
    assert beyond.figure == pytest.approx(-0.01)


def test_bytes_are_held_against_plain_h264_and_against_fixed_limits() -> None:
    h264 = [point('h264', 1500, 0.5, 2.0, scale=0.5), point('h264', 3000, 0.69, 3.0, scale=0.5)]
    bar = named([*SLIM, *h264], 'share of plain H.264')
    ours, theirs = at_ap50(SLIM, 0.95 * 0.7), at_ap50(h264, 0.95 * 0.7)
    assert bar.figure == pytest.approx(ours.bytes / theirs.bytes)
    assert named(SLIM, 'bytes at 90%').figure == pytest.approx(at_ap50(SLIM, 0.63).bytes)


def test_the_widest_point_by_video_is_held_against_h264_of_its_scale_and_size() -> None:
    coded = point('slim', 2000, 0.69, 4.5, width=1.0, rate=0, default=False, coder='video',
                  alone=True, long_side=300)
    h264 = [point('h264', 1900, 0.6, 3.0, scale=0.5), point('h264', 9000, 0.7, 9.0, scale=0.5),
            point('h264', 2000, 0.6, 1.0, scale=1.0)]
    found = {bar.name: bar for bar in judge(DETECTOR, 0.5, [*SLIM, coded, *h264], 600)}
    (bar,) = (bar for name, bar in found.items() if 'multiple of plain H.264' in name)
    assert bar.figure == pytest.approx(1.5)


def clip(codec: str, size: float, ap50: float, **more: object) -> dict:
    return point(codec, size, ap50, 2.0, bytes_settled=size * 0.9, bytes_settled_p95=size * 1.8,
                 **more)


def test_video_is_held_against_plain_video_where_both_get() -> None:
    ours = [clip('slim', 300, 0.58, alone=False), clip('slim', 900, 0.70, alone=False)]
    plain = [clip('h264_video', 500, 0.57), clip('h264_video', 2000, 0.71)]
    found = {bar.name: bar.figure for bar in judge_video([*ours, *plain])}
    assert found['video: bytes for AP50 0.69'] == pytest.approx(at_ap50(ours, 0.69).bytes)
    assert found['video: bytes for AP50 0.60, share of plain H.264'] == pytest.approx(
        at_ap50(ours, 0.60).bytes / at_ap50(plain, 0.60).bytes)
    assert found['video: best AP50'] == 0.70
    (ratio,) = (figure for name, figure in found.items() if 'p95' in name)
    assert ratio == pytest.approx(2.0)


def test_what_was_not_measured_is_not_judged() -> None:
    assert [bar.name for bar in judge(DETECTOR, 0.5, [])] == ['uncompressed detector: AP50']
    assert not [name for name in bars(SLIM) if 'paper' in name or 'WebP' in name]


def test_a_line_says_by_how_much_a_bar_is_missed() -> None:
    assert str(Bar('AP50', 0.65, 0.68, at_most=False)) == (
        'missed by 0.030: AP50 0.650, at least 0.680')
