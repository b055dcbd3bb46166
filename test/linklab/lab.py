"""Builds traces and runs of the link lab for its tests."""

from pathlib import Path

from slim_split_ros.control import ControlSettings, OperatingPoints, PolicyName
from slim_split_ros.linklab import (
    FrameRow,
    Results,
    RunSettings,
    Trace,
    parse_trace,
    run_emulation,
)
from slim_split_ros.weights.operating_point_file import read_operating_points

DATA = Path(__file__).parent / 'data'


def read_points(name: str = 'sixteen_points') -> OperatingPoints:
    """Read one of the stand-in tables."""
    return read_operating_points(DATA / f'{name}.yaml')


def make_trace(*stretches: tuple[float, float], delay_ms: float = 20.0,
               loss: float = 0.0) -> Trace:
    """Make a trace of (seconds, kbit/s) stretches in steps of 100 ms."""
    lines, time = ['t_s,rate_kbps,delay_ms,loss'], 0
    for seconds, kbps in stretches:
        for _ in range(round(seconds * 10)):
            lines.append(f'{time / 10:.1f},{kbps},{delay_ms},{loss}')
            time += 1
    return parse_trace('\n'.join(lines), 'made')


def run_policy(trace: Trace, policy: str = 'auto', fps: float = 10.0, width: float = 0.0,
               table: str = 'sixteen_points', with_loss: bool = False,
               seed: int = 0) -> tuple[list[FrameRow], Results]:
    """Emulate a policy and give rows and figures."""
    control = ControlSettings(PolicyName(policy), 0.3, fps, pinned_width=width)
    run = run_emulation(trace, read_points(table),
                        RunSettings(control, with_loss=with_loss, seed=seed))
    return run.rows, run.results


def is_late(row: FrameRow) -> bool:
    """Say whether a sent frame missed the deadline."""
    return row.sent_s is not None and (
        row.back_s is None or row.back_s > row.captured_s + 0.3)
