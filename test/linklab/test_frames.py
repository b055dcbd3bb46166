from dataclasses import replace

import numpy as np
import pytest

from linklab.lab import read_points
from slim_split_ros.control import OperatingPoint
from slim_split_ros.linklab import TableError, parse_sizes
from slim_split_ros.linklab.frames import make_frames

POINTS = tuple(read_points('four_points'))
ROWS = ''.join(f'{frame},{point.width},{point.rate},{int(point.bytes) + frame}\n'
               for frame in range(3) for point in POINTS)


def test_a_busy_frame_is_large_at_every_point() -> None:
    table = make_frames(POINTS, 200, 1)
    ratios = [[size / point.bytes for size, point in zip(row, POINTS, strict=True)]
              for row in table.message_bytes]
    assert all(max(row) - min(row) < 0.02 for row in ratios)
    assert sum(sum(row) for row in ratios) / 800 == pytest.approx(1.0, abs=0.05)


def test_a_table_of_absurd_spread_still_gives_frames() -> None:
    absurd = OperatingPoint(0.25, 0, 1.0, 2.0 ** 32, 1e-300, 60_000.0, 0.5)
    table = make_frames([absurd], 500, 0)
    assert 1 <= table.message_bytes.min() <= table.message_bytes.max() <= 2 ** 32
    assert np.isfinite(table.encode_s).all()


def test_measured_frames_repeat_up_to_the_count() -> None:
    sizes = parse_sizes('frame,width,rate,bytes\n' + ROWS, POINTS, 'f')
    table = make_frames(POINTS, 7, 0, sizes)
    assert len(table) == 7
    assert table.message_bytes[[0, 3, 6]].tolist() == [sizes[0].tolist()] * 3
    assert table.message_bytes[1, 0] == int(min(POINTS, key=lambda point: point.bytes).bytes) + 1


def test_a_frame_without_all_points_is_left_out() -> None:
    sizes = parse_sizes('frame,width,rate,bytes\n' + ROWS + '9,0.25,0,700\n9,0.25,7,9\n',
                        POINTS, 'f')
    assert sizes.shape == (3, len(POINTS))


@pytest.mark.parametrize('text, message', [
    ('a,b\n', 'line 1: the header'), ('frame,width,rate,bytes\n', 'no frame'),
    ('frame,width,rate,bytes\n0,0.25,0,x\n', 'line 2'),
    ('frame,width,rate,bytes\n0,0.25,0,-5\n', 'line 2: bytes is "-5"'),
    ('frame,width,rate,bytes\n0,0.25,0,1e400\n', 'line 2: bytes is "1e400"'),
    ('frame,width,rate,bytes\n0,0.25,1e400,5\n', 'line 2: rate is "1e400"')])
def test_wrong_frames_are_refused_with_their_place(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        parse_sizes(text, POINTS, 'frames.csv')


def test_sizes_that_do_not_tell_coders_apart_are_refused() -> None:
    twice = (*POINTS, replace(POINTS[0], coder='video'))
    with pytest.raises(TableError, match='several of the 5 operating points share: leave it out'):
        parse_sizes('frame,width,rate,bytes\n' + ROWS, twice, 'frames.csv')
