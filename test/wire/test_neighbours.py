from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
import numpy as np

from slim_split_ros.wire.neighbours import from_differences, to_differences

SHAPES = st.tuples(*[st.integers(1, 6)] * 3)


@given(SHAPES.flatmap(lambda shape: hnp.arrays(np.int8, shape)))
def test_every_symbol_comes_back(symbols):
    before = symbols.copy()

    differences = to_differences(symbols)

    assert differences.dtype == np.int8
    assert np.array_equal(from_differences(differences), symbols)
    assert np.array_equal(symbols, before)


def test_a_surface_costs_one_symbol_that_is_not_zero():
    differences = to_differences(np.full((1, 4, 5), -100, np.int8))

    assert np.flatnonzero(differences).tolist() == [0]
