"""What each codec takes for nearly full accuracy, and how far the others get."""

import pytest

from slim_split_ros.reports.evaluation_summary import Interval, reaches, summary_lines

POINTS = [{'codec': codec, 'bytes': size, 'ap50': ap50, 'encode_ms': encode_ms}
          for codec, size, ap50, encode_ms in (
              ('slim', 500, 0.52, 0.8), ('slim', 900, 0.60, 0.8), ('slim', 2000, 0.69, 3.0),
              ('paper', 6300, 0.30, 4.2), ('paper', 25000, 0.65, 4.2), ('none', 9e5, 0.7, 0.0))]


def test_a_codec_that_does_not_reach_the_share_has_no_bytes_there() -> None:
    rows = {row.codec: row for row in reaches({'ap50': 0.7}, POINTS)}
    assert list(rows) == ['slim', 'paper']
    assert rows['paper'].needed is None
    assert rows['paper'].best_share == pytest.approx(0.65 / 0.7)
    assert 900 < rows['slim'].needed.bytes < 2000


def test_a_terminal_gets_a_line_a_codec() -> None:
    slim, paper = summary_lines(reaches({'ap50': 0.7}, POINTS))
    assert slim.startswith('slim: 1') and 'bytes' in slim
    assert paper == 'paper: at best 92.9% of the AP50 of undamaged pictures, so not 95%'


def test_other_recordings_give_bytes_and_ratios_an_interval() -> None:
    def draw(slim: float, paper: float) -> dict:
        return {'detector': 0.6, 'points': [
            {'codec': 'slim', 'bytes': slim, 'ap50': 0.6 if slim < 9000 else 0.2,
             'encode_ms': 0.0},
            {'codec': 'paper', 'bytes': paper, 'ap50': 0.6 if paper < 9000 else 0.2,
             'encode_ms': 0.0}]}

    draws = [draw(1000 + step, 2 * (1000 + step)) for step in range(100)]
    rows = {row.codec: row for row in reaches({'ap50': 0.68}, POINTS, draws)}
    assert rows['slim'].interval.low == pytest.approx(1002, abs=1)
    assert rows['slim'].interval.high == pytest.approx(1097, abs=1)
    assert (rows['paper'].of_slim_interval.low, rows['paper'].of_slim_interval.high) == (2, 2)
    some = [*draws[:50], *(draw(1000, 9999) for _ in range(50))]
    never = {row.codec: row for row in reaches({'ap50': 0.68}, POINTS, some)}['paper']
    assert str(never.interval).endswith('to out of reach')
    ours = [*draws[:50], *(draw(9999, 2000) for _ in range(50))]
    worse = {row.codec: row for row in reaches({'ap50': 0.68}, POINTS, ours)}['paper']
    assert (worse.of_slim_interval.low, worse.of_slim_interval.high) == (0, 2)


def test_an_interval_of_bytes_is_written_in_whole_ones() -> None:
    assert str(Interval(7204.4, 12849.6)) == '7204 to 12850'
    assert str(Interval(0.92921, 1.5)) == '0.9292 to 1.5'
