"""The link lab: what a policy achieves on a recorded link, emulated or real."""

from slim_split_ros.linklab.emulator import FrameRow, emulate
from slim_split_ros.linklab.errors import FramesError, LinkLabError, NamespaceError, TraceError
from slim_split_ros.linklab.frames import FrameTable, draw_frames, parse_frames
from slim_split_ros.linklab.points_file import parse_points
from slim_split_ros.linklab.results import Reference, Results, make_reference, summarize
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.trace import Trace, parse_trace, read_trace

__all__ = [
    'FrameRow', 'FrameTable', 'FramesError', 'LinkLabError', 'NamespaceError', 'Reference',
    'Results', 'Schedule', 'Trace', 'TraceError', 'draw_frames', 'emulate', 'make_reference',
    'parse_frames', 'parse_points', 'parse_trace', 'read_trace', 'summarize',
]
