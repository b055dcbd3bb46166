"""What coarse blocks leave in a sky or on a wall, steps, smoothed for people by FFmpeg."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import cv2
import numpy as np

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
        graph = self._graphs.pop(size, None) or _open(size)
        self._graphs[size] = graph
        if len(self._graphs) > MOST_SIZES:
            self._graphs.popitem(last=False)
        return graph


def _open(size: CodedSize) -> Graph:
    from av.filter import Graph

    graph = Graph()
    if hasattr(graph, 'threads'):
        graph.threads = 1  # a pool of them is slower for pictures so small
    source = graph.add('buffer', (
        f'video_size={size.width}x{size.height}:pix_fmt=yuv420p:time_base=1/1:pixel_aspect=1'))
    smoothing, sink = graph.add(FILTER, OPTIONS), graph.add('buffersink')
    source.link_to(smoothing)
    smoothing.link_to(sink)
    graph.configure()
    return graph
