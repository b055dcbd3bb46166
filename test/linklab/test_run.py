from math import nan

import numpy as np
import pytest

from linklab.lab import make_trace, read_points
from slim_split_ros.control import ControlSettings, PolicyName
from slim_split_ros.linklab import RunError, RunSettings, run_emulation

TRACE = make_trace((5.0, 5000.0))


def test_a_run_is_as_long_as_its_trace_and_at_the_asked_pace() -> None:
    run = run_emulation(TRACE, read_points(), RunSettings(ControlSettings(target_fps=20.0)))
    assert len(run.rows) == run.results.offered == run.schedule.frame_count == 100


def test_the_servers_time_is_a_part_of_every_answer() -> None:
    control = ControlSettings(PolicyName.FIXED, pinned_width=0.25)
    fast, slow = (run_emulation(TRACE, read_points(), RunSettings(control, server_s, False)).rows
                  for server_s in (0.0, 0.1))
    assert slow[10].back_s - fast[10].back_s == pytest.approx(0.1)


def test_measured_bytes_are_those_that_are_sent() -> None:
    points = read_points()
    measured = np.arange(1, 1 + 3 * len(points)).reshape(3, len(points)) + 400
    run = run_emulation(TRACE, points, RunSettings(
        ControlSettings(PolicyName.FIXED, pinned_width=0.25), with_loss=False), measured)
    sent = {row.message_bytes for row in run.rows if row.message_bytes}
    assert len(sent) == 3 and sent <= set(measured.ravel().tolist())


def test_a_pinned_width_stands_in_the_name_of_the_policy() -> None:
    assert RunSettings(ControlSettings(PolicyName.FIXED, pinned_width=0.5)
                       ).policy_label == 'fixed 0.5'
    assert RunSettings(ControlSettings(PolicyName.AIMD)).policy_label == 'aimd'


@pytest.mark.parametrize('server_s', [-0.1, 1e300, nan])
def test_a_servers_time_out_of_range_is_refused(server_s: float) -> None:
    with pytest.raises(RunError, match='server_s is'):
        RunSettings(ControlSettings(), server_s)
