from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
import numpy as np
import pytest

from slim_split_ros.wire.errors import PayloadError
from slim_split_ros.wire.level_blocks import MOST_LEVELS, block_symbols, from_blocks, to_blocks

SIDES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=9)


@given(st.integers(1, MOST_LEVELS), st.data())
def test_cells_come_back_whatever_the_sides(levels, data):
    cells = data.draw(arrays.arrays(np.int8, SIDES, elements=st.integers(0, levels - 1)))

    blocks = to_blocks(cells, levels)

    assert blocks.min() >= 0
    assert blocks.max() < block_symbols(levels)
    assert np.array_equal(from_blocks(blocks, cells.shape, levels), cells)


def test_a_block_counts_its_cells_row_by_row():
    assert to_blocks(np.array([[1, 0, 2], [2, 1, 0]], np.int8), 3).tolist() == [[34, 54]]


@pytest.mark.parametrize('symbol', [-1, 81])
def test_symbols_that_no_block_has_are_refused(symbol):
    with pytest.raises(PayloadError, match=f'{symbol}.* the model 0 to 80'):
        from_blocks(np.array([[0, symbol]], np.int8), (2, 4), 3)
