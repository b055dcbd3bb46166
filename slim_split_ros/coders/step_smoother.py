"""What coarse blocks leave in a sky or on a wall, steps, smoothed for people by FFmpeg."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import cv2
import numpy as np

from slim_split_ros.coders.filter_chain import open_filters
from slim_split_ros.wire.video_settings import CodedSize

if TYPE_CHECKING:
    from av.filter import Graph

# Chosen on photographs of training: more costs similarity, less leaves the steps of a sky.
FILTER, OPTIONS = 'gradfun', 'strength=5:radius=8'
# To make a chain of filters takes 0.3 ms; senders have few sizes.
MOST_SIZES = 8


class StepSmoother:
    """
    Smooth the pictures that a VideoDecoder gave, one after the other; for one thread.

    Where FFmpeg has no such filter they stay as they are.
    """

    def __init__(self) -> None:
        self._graphs: OrderedDict[CodedSize, Graph] = OrderedDict()

    def smooth(self, picture: np.ndarray) -> np.ndarray:
        """Return uint8 (H, W, 3), BGR, both sides even, without steps; the argument stays."""
        import av

        if FILTER not in av.filter.filters_available:
            return picture
        frame = av.VideoFrame.from_ndarray(
            cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), format='yuv420p')
        frame.pts = 0
        graph = self._graph(CodedSize(picture.shape[1], picture.shape[0]))
        graph.push(frame)
        return cv2.cvtColor(graph.pull().to_ndarray(), cv2.COLOR_YUV2BGR_I420)

    def _graph(self, size: CodedSize) -> Graph:
        graph = self._graphs.pop(size, None) or open_filters(size, [(FILTER, OPTIONS)])
        self._graphs[size] = graph
        if len(self._graphs) > MOST_SIZES:
            self._graphs.popitem(last=False)
        return graph
