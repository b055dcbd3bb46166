"""
How does an encoder of FFmpeg learn the quantizer of each macroblock? By regions of interest.

PyAV lets nobody attach them but the filter `addroi`, one region each, set once: to make a chain
of filters takes 0.3 ms a frame. So here is one chain a size, whose regions are written over.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import numpy as np

from slim_split_ros.coders.block_map import MACROBLOCK
from slim_split_ros.coders.errors import VideoEncodingError
from slim_split_ros.coders.filter_chain import open_filters
from slim_split_ros.wire.video_settings import CodedSize

if TYPE_CHECKING:
    import av

# Maps of pictures of 600 pixels need 30 to 66; a frame passes so many filters in 0.1 ms.
CAPACITY = 72
COARSEST = 51  # H.264's quantizer parameters are 0 to 51; offsets are shares of that
# AVRegionOfInterest. Source: FFmpeg's libavutil/frame.h, since version 4.2.
REGION = np.dtype([(name, np.int32) for name in (
    'bytes', 'top', 'bottom', 'left', 'right', 'numerator', 'denominator')])


class QuantizerRegions:
    """Attach quantizer offsets to frames of one size; for one thread."""

    def __init__(self, size: CodedSize) -> None:
        self._size = size
        self._graph = open_filters(size, [('addroi', '0:0:16:16:0')] * CAPACITY)

    def attach(
        self, frame: av.VideoFrame, offsets: np.ndarray, common: int
    ) -> av.VideoFrame:
        """
        Return a frame of the same pixels whose macroblocks have these offsets.

        `offsets` are added to the stream's quantizer, int (rows, columns), -51 to 51, and
        `common` is that of most. Where they change too often along rows, rows share their finest,
        and then columns.
        """
        self._graph.push(frame)
        marked = self._graph.pull()
        regions = self._regions(offsets, common)
        data = marked.side_data[0]  # the chain adds no other, and pixels come without any
        if len(bytes(data)) != regions.nbytes:
            raise VideoEncodingError(
                f'the FFmpeg of PyAV here has regions of {len(bytes(data))} bytes, known are '
                f'{regions.nbytes}: take PyAV of 12 to 18')
        ctypes.memmove(data.buffer_ptr, regions.ctypes.data, regions.nbytes)
        return marked

    def _regions(self, offsets: np.ndarray, common: int) -> np.ndarray:
        """Return CAPACITY regions; of those that hold a block the first counts."""
        rows = columns = 1
        while len(boxes := _find_boxes(offsets, common)) >= CAPACITY:
            if len(offsets) > 1:
                offsets, rows = _share_rows(offsets), 2 * rows
            else:
                offsets, columns = _share_rows(offsets.T).T, 2 * columns
        regions = np.zeros(CAPACITY, REGION)
        regions['bytes'], regions['denominator'] = REGION.itemsize, COARSEST
        used = regions[:len(boxes)]
        top, bottom, left, right, used['numerator'] = boxes.T
        used['top'], used['bottom'] = MACROBLOCK * rows * top, MACROBLOCK * rows * bottom
        used['left'], used['right'] = MACROBLOCK * columns * left, MACROBLOCK * columns * right
        # All the others, between them and this one, have no pixels.
        regions[-1] = (
            REGION.itemsize, 0, self._size.height, 0, self._size.width, common, COARSEST)
        return regions


def _share_rows(offsets: np.ndarray) -> np.ndarray:
    """Return half as many rows, of each pair the finest."""
    if len(offsets) % 2:
        offsets = np.vstack([offsets, offsets[-1:]])
    return np.minimum(offsets[::2], offsets[1::2])


def _find_boxes(offsets: np.ndarray, common: int) -> np.ndarray:
    """Return first and last row + 1, the same of columns, and offset where it is another."""
    columns = offsets.shape[1]
    flat = offsets.ravel()
    is_start = np.empty(flat.shape, bool)
    np.not_equal(flat[1:], flat[:-1], out=is_start[1:])
    is_start[::columns] = True
    starts = np.flatnonzero(is_start)
    row, first = np.divmod(starts, columns)
    runs = np.stack(
        [row, first, first + np.diff(starts, append=len(flat)), flat[starts]], axis=1)
    runs = runs[runs[:, 3] != common]
    # Runs of the same columns and offset in rows that follow each other are one box.
    runs = runs[np.lexsort((runs[:, 0], runs[:, 3], runs[:, 2], runs[:, 1]))]
    is_first = np.ones(len(runs), bool)
    is_first[1:] = (np.diff(runs, axis=0) != (1, 0, 0, 0)).any(axis=1)
    tops = runs[is_first]
    heights = np.diff(np.flatnonzero(is_first), append=len(runs))
    return np.stack(
        [tops[:, 0], tops[:, 0] + heights, tops[:, 1], tops[:, 2], tops[:, 3]], axis=1)
