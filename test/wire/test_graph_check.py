from dataclasses import replace
from pathlib import Path

import pytest

from slim_split_ros.wire.errors import ManifestError
from slim_split_ros.wire.graph_check import ExpectedValue, check_values

IMAGE = ExpectedValue('image', 'tensor(uint8)', (1, None, None, 3))
GAIN = ExpectedValue('gain', 'tensor(float)', (33,))


def check(*found):
    check_values(Path('encoder.onnx'), 'input', found, [IMAGE, GAIN])


@pytest.mark.parametrize('shape', [(1, 'height', 'width', 3), (None, None, None, None),
                                   (1, 320, 416, 3)])
def test_sides_that_a_graph_leaves_open_fit(shape):
    check(replace(IMAGE, shape=shape), GAIN)


@pytest.mark.parametrize(('found', 'complaint'), [
    ((IMAGE,), 'encoder.onnx has the inputs image, must have image, gain: export the model'),
    ((IMAGE, GAIN, replace(GAIN, name='more')), 'inputs image, gain, more, must have image, gain'),
    ((IMAGE, replace(GAIN, name='gains')), 'inputs image, gains, must have image, gain'),
    ((IMAGE, replace(GAIN, shape=(32,))),
     r'input gain of encoder.onnx is tensor\(float\) 32, must be tensor\(float\) 33: export'),
    ((IMAGE, replace(GAIN, shape=(33, 1))), r'is tensor\(float\) 33x1, must be'),
    ((IMAGE, replace(GAIN, shape=())), r'is tensor\(float\) scalar, must be'),
    ((replace(IMAGE, type='tensor(float)'), GAIN),
     r'is tensor\(float\) 1x\*x\*x3, must be tensor\(uint8\) 1x\*x\*x3'),
    ((replace(IMAGE, shape=(1, 'h', 'w', 4)), GAIN), r'is tensor\(uint8\) 1x\*x\*x4, must be'),
])
def test_another_graph_is_refused_with_what_it_has_and_must_have(found, complaint):
    with pytest.raises(ManifestError, match=complaint):
        check(*found)
