"""The link lab: what a policy achieves on a recorded link, emulated or real."""

from slim_split_ros.linklab.emulator import emulate, FrameRow
from slim_split_ros.linklab.errors import FramesError, LinkLabError, NamespaceError, TraceError
from slim_split_ros.linklab.frames import draw_frames, FrameTable, parse_frames
from slim_split_ros.linklab.points_file import parse_points
from slim_split_ros.linklab.results import make_reference, Reference, Results, summarize
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.trace import parse_trace, Trace

__all__ = [
    'FrameRow', 'FrameTable', 'FramesError', 'LinkLabError', 'NamespaceError', 'Reference',
    'Results', 'Schedule', 'Trace', 'TraceError', 'draw_frames', 'emulate', 'make_reference',
    'parse_frames', 'parse_points', 'parse_trace', 'summarize',
]
