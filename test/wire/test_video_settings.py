import pytest

from slim_split_ros.wire.errors import GeometryError
from slim_split_ros.wire.video_settings import CodedSize, VideoSettings


def settings(long_side=320):
    return VideoSettings(long_side, 1.0, (-0.1, -0.3))


def test_longer_side_becomes_the_one_that_settings_say():
    assert settings().coded_size(456, 600) == CodedSize(244, 320)


def test_picture_is_never_larger_than_the_image():
    assert settings(1000).coded_size(639, 479) == CodedSize(638, 478)


@pytest.mark.parametrize('sides', [(w, h) for w in (33, 200, 641, 1999) for h in (47, 480, 1081)])
def test_sides_are_even_and_keep_the_shape(sides):
    size = settings().coded_size(*sides)

    assert size.width % 2 == size.height % 2 == 0
    scale = max(size.width, size.height) / max(sides)
    assert abs(size.width - sides[0] * scale) <= 2
    assert abs(size.height - sides[1] * scale) <= 2


@pytest.mark.parametrize('sides', [(0, 480), (8193, 480), (8000, 10), (1, 1)])
def test_image_that_leaves_no_picture_is_refused(sides):
    with pytest.raises(GeometryError, match='image of'):
        settings().coded_size(*sides)


@pytest.mark.parametrize(('name', 'values'), [
    ('long_side', (4, 1.0, (0.0,))), ('long_side', (320.0, 1.0, (0.0,))),
    ('long_side', (5000, 1.0, (0.0,))), ('background', (320, 1.5, (0.0,))),
    ('background', (320, float('nan'), (0.0,))), ('offsets', (320, 1.0, ())),
    ('offsets', (320, 1.0, (-2.0,))), ('offsets', (320, 1.0, ('x',)))])
def test_settings_that_no_coder_can_follow_are_refused(name, values):
    with pytest.raises(ValueError, match=name):
        VideoSettings(*values)
