"""Do the rows of the demo's table say what its frames say?"""

from dataclasses import replace

import pytest

from slim_split_ros.control.decision import LATE, Reason
from slim_split_ros.reports.demo_rows import (
    FrameFigures,
    ShownFrame,
    codec_table,
    demo_table,
    fate_table,
    summarize,
)
from slim_split_ros.reports.text_table import lay_out

FRAME = FrameFigures(captured_s=0.0, width=0.25, message_bytes=1000, encode_ms=8.0,
                     has_arrived=True, server_ms=39.0, end_to_end_ms=50.0, detections=3,
                     matched=2, objects=4)
SECONDS = 7.5


def frames_at(width, count, period_s=0.1, **changes):
    return [replace(FRAME, captured_s=k * period_s, width=width, **changes) for k in range(count)]


def test_each_width_has_one_row_narrowest_first():
    rows = summarize([*frames_at(1.0, 3), *frames_at(0.25, 5)], SECONDS)

    assert [(row.width, row.frames) for row in rows] == [(0.25, 5), (1.0, 3)]


def test_rate_is_what_frames_of_one_width_alone_would_take():
    frames = [*frames_at(0.5, 15, message_bytes=1000), *frames_at(1.0, 15, message_bytes=4000)]

    narrow, wide = summarize(frames, seconds=3.0)

    assert narrow.bytes_per_frame == 1000
    assert (narrow.rate_kbps, wide.rate_kbps) == pytest.approx((80.0, 320.0))


def test_frames_without_detections_are_lost_and_leave_the_delays_alone():
    row, = summarize([*frames_at(0.5, 3),
                      *frames_at(0.5, 2, server_ms=None, end_to_end_ms=None, detections=0,
                                 matched=None, objects=None)], SECONDS)

    assert row.unanswered == 2
    assert row.end_to_end_ms_p50 == row.end_to_end_ms_p95 == 50.0
    assert row.recall == pytest.approx(0.5)


def test_delays_are_the_percentiles_of_the_frames():
    row, = summarize([replace(FRAME, end_to_end_ms=float(k)) for k in range(101)], SECONDS)

    assert (row.end_to_end_ms_p50, row.end_to_end_ms_p95) == (50.0, 95.0)


def test_time_of_ros_is_what_encoder_and_server_leave():
    row, = summarize([FRAME, replace(FRAME, server_ms=None)], SECONDS)

    assert row.server_ms == 39.0
    assert row.ros_ms == pytest.approx(50.0 - 8.0 - 39.0)


def test_precision_and_recall_count_boxes_over_all_frames():
    row, = summarize([replace(FRAME, detections=1, matched=1, objects=1),
                      replace(FRAME, detections=3, matched=0, objects=7)], SECONDS)

    assert row.precision == pytest.approx(1 / 4)
    assert row.recall == pytest.approx(1 / 8)


def test_precision_of_nothing_found_is_unknown_and_recall_is_zero():
    row, = summarize([replace(FRAME, detections=0, matched=0, objects=2)], SECONDS)

    assert row.precision is None
    assert row.recall == 0.0


def test_table_shows_channels_beside_the_width_and_a_dash_for_the_unknown():
    rows = summarize([replace(FRAME, detections=0, matched=0, objects=2)], SECONDS)

    table = demo_table(rows, {0.25: 16}, has_truth=True)

    line = dict(zip(table.columns, table.rows[0], strict=True))
    assert line['width'] == '0.25 (16 channels)'
    assert line['precision'] == '–'
    assert line['recall'] == '0.00'


def test_table_without_truth_has_no_precision():
    table = demo_table(summarize([FRAME], SECONDS), {}, has_truth=False)

    assert not {'precision', 'recall'} & set(table.columns)


def test_columns_of_the_printed_table_are_aligned():
    table = demo_table(summarize([*frames_at(0.25, 2), *frames_at(1.0, 120)], SECONDS), {}, True)

    lines = lay_out(table).splitlines()

    assert len({len(line) for line in lines}) == 1
    assert lines[0].startswith('width')


def test_fates_tell_images_that_were_lost_before_within_and_behind_the_link():
    lost = replace(FRAME, end_to_end_ms=None, server_ms=None)
    frames = [*frames_at(0.5, 4), lost, replace(lost, has_arrived=False),
              replace(lost, has_arrived=False)]

    table = fate_table(frames, captured=12, drops={'encoder_busy': 5, 'odd': 1, 'target_fps': 0})

    counts = [int(row[1]) for row in table.rows]
    assert counts == [4, 2, 1, 5, 5, 1]
    assert '(encoder_busy)' in table.rows[4][0] and 'onboard.log (odd)' in table.rows[5][0]


@pytest.mark.parametrize('reason', [LATE, *(
    reason.value for reason in Reason if reason is not Reason.PINNED)])
def test_every_reason_of_the_policy_to_drop_an_image_is_explained(reason: str) -> None:
    table = fate_table([], captured=3, drops={reason: 3})

    assert 'onboard.log' not in table.rows[-1][0]


def test_codecs_are_compared_on_the_same_frames():
    ours = ShownFrame('slim', '', 0.25, 1000, 2.0, 2, 2, 4, b'')
    webp = ShownFrame('WebP', '', None, 900, 9.0, 4, 1, 4, b'')

    table = codec_table([(ours, webp), (replace(ours, message_bytes=2000), webp)], True)

    assert table.rows == (('slim', '2', '1,500', '2.0', '4', '1.00', '0.50'),
                          ('WebP', '2', '900', '9.0', '8', '0.25', '0.25'))
    assert codec_table([(ours, webp)], False).columns[-1] == 'detections'
