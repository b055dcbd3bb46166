import pytest

from linklab.lab import read_points
from slim_split_ros.linklab import FramesError, draw_frames, parse_frames, parse_points

POINTS = tuple(read_points('four_points'))
ROWS = ''.join(f'{frame},{point.width},{point.rate},{int(point.bytes) + frame}\n'
               for frame in range(3) for point in POINTS)


def test_a_busy_frame_is_large_at_every_point() -> None:
    table = draw_frames(POINTS, 200, 1)
    ratios = [[size / point.bytes for size, point in zip(row, POINTS, strict=True)]
              for row in table.bytes]
    assert all(max(row) - min(row) < 0.02 for row in ratios)
    assert sum(sum(row) for row in ratios) / 800 == pytest.approx(1.0, abs=0.05)


def test_measured_frames_repeat_up_to_the_count() -> None:
    table = parse_frames('frame,width,rate,bytes\n' + ROWS, POINTS, 'f', 7, 0)
    assert len(table) == 7
    assert table.bytes[0] == table.bytes[3] == table.bytes[6]


@pytest.mark.parametrize('text, message', [
    ('a,b\n', 'lacks'), ('frame,width,rate,bytes\n', 'no frame'),
    ('frame,width,rate,bytes\n0,0.25,0,x\n', 'line 2'),
    ('frame,width,rate,bytes\n0,0.25,0,-5\n', 'at least 1')])
def test_wrong_frames_are_refused_with_their_place(text: str, message: str) -> None:
    with pytest.raises(FramesError, match=message):
        parse_frames(text, POINTS, 'frames.csv', 5, 0)


@pytest.mark.parametrize('text, message', [
    ('[', 'no YAML'), ('x: 1', 'no list'), ('points: []', 'empty'),
    ('points: [{width: 0.5}]', 'point 1: lacks'), ('points: [3]', 'point 1')])
def test_wrong_points_are_refused_with_their_place(text: str, message: str) -> None:
    with pytest.raises(FramesError, match=message):
        parse_points(text, 'points.yaml')
