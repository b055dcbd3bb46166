"""Filters of FFmpeg one after the other, opened once for pictures of a size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slim_split_ros.wire.video_settings import CodedSize

if TYPE_CHECKING:
    from av.filter import Graph


def open_filters(size: CodedSize, filters: Sequence[tuple[str, str]]) -> Graph:
    """Return a graph that takes and gives pictures of yuv420p; `filters` are names and options."""
    # 0.5 ms, and only whoever codes video pays for it.
    from av.filter import Graph

    graph = Graph()
    if hasattr(graph, 'threads'):
        # A pool of threads is slower for pictures so small.
        graph.threads = 1
    last = graph.add('buffer', (
        f'video_size={size.width}x{size.height}:pix_fmt=yuv420p:time_base=1/1:pixel_aspect=1'))
    for name, options in [*filters, ('buffersink', None)]:
        following = graph.add(name, options)
        last.link_to(following)
        last = following
    graph.configure()
    return graph
