"""The link lab: what a policy achieves on a recorded link, emulated or real."""

from slim_split_ros.linklab.comparison import Comparison, RealFrame, RealRun, compare
from slim_split_ros.linklab.csv_table import read_text
from slim_split_ros.linklab.emulator import emulate
from slim_split_ros.linklab.errors import LinkLabError, NamespaceError, RunError, TableError
from slim_split_ros.linklab.events import Events
from slim_split_ros.linklab.frames import FrameTable, make_frames, parse_sizes
from slim_split_ros.linklab.live_path import LivePath
from slim_split_ros.linklab.namespaces import Namespaces, check_machine, why_no_loss
from slim_split_ros.linklab.results import Means, Results, average
from slim_split_ros.linklab.robot import EmulatedRobot, FrameRow, SentMessage
from slim_split_ros.linklab.robot_outcome import RobotOutcome, summarize_robot
from slim_split_ros.linklab.run import Run, RunSettings, run_emulation
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.shaper import Shaper
from slim_split_ros.linklab.share import TraceShare
from slim_split_ros.linklab.timeline import Timeline, make_timeline
from slim_split_ros.linklab.trace import Trace, parse_trace, read_trace, read_traces, with_loss

__all__ = [
    'Comparison', 'EmulatedRobot', 'Events', 'FrameRow', 'FrameTable', 'LinkLabError', 'LivePath',
    'Means', 'NamespaceError', 'Namespaces', 'RealFrame', 'RealRun', 'Results', 'RobotOutcome',
    'Run', 'RunError', 'RunSettings', 'Schedule', 'SentMessage', 'Shaper', 'TableError',
    'Timeline', 'Trace', 'TraceShare', 'average', 'check_machine', 'compare', 'emulate',
    'make_frames', 'make_timeline', 'parse_sizes', 'parse_trace', 'read_text', 'read_trace',
    'read_traces', 'run_emulation', 'summarize_robot', 'why_no_loss', 'with_loss',
]
