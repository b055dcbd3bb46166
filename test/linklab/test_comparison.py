import json

import pytest

from linklab.lab import make_trace, read_points
from slim_split_ros.control import ControlSettings
from slim_split_ros.linklab import RealFrame, RealRun, RunSettings, compare

SETTINGS = RunSettings(ControlSettings(), with_loss=False)


def real_run(*took_s: float | None, offered: int = 50, unloaded_s: float = 0.05) -> RealRun:
    return RealRun(offered, tuple(
        RealFrame(number / 10.0, 0.25, 900, None if took is None else number / 10.0 + took)
        for number, took in enumerate(took_s)), unloaded_s)


def test_what_never_came_back_or_late_is_not_on_time() -> None:
    comparison = compare(make_trace((5.0, 2000.0)), real_run(0.1, 0.4, None, 0.2, offered=10),
                         read_points(), SETTINGS)
    assert comparison.on_time_share == 0.2
    assert comparison.p95_ms == pytest.approx(200.0)


def test_the_emulation_has_no_delay_and_the_real_pace_and_processor() -> None:
    trace = make_trace((5.0, 2000.0), delay_ms=200.0)      # too long, both ways
    assert compare(trace, real_run(0.1), read_points(), SETTINGS).emulated_on_time_share == 1.0
    slow = compare(trace, real_run(0.1, unloaded_s=0.4), read_points(), SETTINGS)
    assert slow.emulated_on_time_share == 0.0


def test_no_frame_at_all_is_a_result_too() -> None:
    comparison = compare(make_trace((5.0, 2000.0)), real_run(offered=0), read_points(), SETTINGS)
    assert comparison.on_time_share == 0.0
    assert comparison.p95_ms is None


def test_the_figures_are_plain_data() -> None:
    figures = compare(make_trace((5.0, 2000.0)), real_run(0.1), read_points(), SETTINGS).as_json()
    assert json.loads(json.dumps(figures))['frames'] == [[0.0, 0.25, 900, 0.1]]
