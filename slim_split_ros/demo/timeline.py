"""What a demo's observer saw, as a Rerun recording."""

from __future__ import annotations

import numpy as np

from slim_split_ros.demo.observer import FrameRecord
from slim_split_ros.demo.pictures import read_pixels
from slim_split_ros.demo.run import DemoRecord
from slim_split_ros.evaluation.figures.matching import NamedBoxes
from slim_split_ros.reports.rerun_file import CAMERA, LoggedBoxes, LoggedFrame, RerunFile

_S_PER_NS = 1e-9


def write_timeline(timeline: RerunFile, record: DemoRecord) -> None:
    """Write all frames, those that memory had room for with what the camera saw."""
    for seen in record.frames:
        captured_s = (seen.stamp_ns - record.start_ns) * _S_PER_NS
        timeline.add_frame(_logged(seen, captured_s))
        if seen.image is not None:
            timeline.add_picture(CAMERA, captured_s, read_pixels(seen.image))
        elif seen.width is not None:
            timeline.hide_picture(CAMERA, captured_s)


def _logged(seen: FrameRecord, captured_s: float) -> LoggedFrame:
    if seen.found is not None:
        fate = 'answered'
    elif seen.width is None:
        fate = 'held or dropped on board'
    else:
        fate = 'no answer'
    return LoggedFrame(
        captured_s, fate, seen.width, seen.message_bytes, seen.encode_ms, seen.server_ms,
        seen.answered_ms, _boxes(seen.found),
        None if seen.truth is None else _boxes(seen.truth))


def _boxes(named: NamedBoxes | None) -> LoggedBoxes:
    if named is None:
        return LoggedBoxes(np.empty((0, 4)), ())
    return LoggedBoxes(named.boxes, named.names)
