"""`link`: what a policy achieves on recorded links, in emulation or on a real one."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import sys
import time
from typing import TYPE_CHECKING

from slim_split_ros.weights import SHIPPED_MODEL

if TYPE_CHECKING:
    from slim_split_ros.control import OperatingPoints
    from slim_split_ros.linklab import FrameTable, Results, Schedule, Trace

POINTS_FILE, FRAMES_FILE = 'operating_points.yaml', 'frames.csv'


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'link', help='emulate a policy on recorded links, or run it on a real one',
        description='Replays link traces (CSV t_s,rate_kbps,delay_ms,loss) under a policy and '
                    'compares with what a sender could do that knows the trace. A folder, or '
                    '--trace several times, prints a row per trace and the means.')
    parser.add_argument('--trace', type=Path, action='append', required=True,
                        metavar='CSV', help='a trace, or a folder of traces')
    parser.add_argument('--policy', choices=('auto', 'paper', 'aimd', 'fixed'), default='auto')
    parser.add_argument('--width', type=float, default=0.0, help='width of --policy fixed')
    parser.add_argument('--deadline-ms', type=float, default=300.0,
                        help='from capture to detections back')
    parser.add_argument('--fps', type=float, default=10.0, help='frames offered a second')
    parser.add_argument('--server-ms', type=float, default=25.0)
    parser.add_argument('--no-loss', action='store_true', help='leave random loss out')
    parser.add_argument('--max-bitrate-kbps', type=float, default=0.0, help='0: no ceiling')
    parser.add_argument('--points', type=Path, metavar='YAML',
                        help="operating points (default: the shipped model's)")
    parser.add_argument('--frames', type=Path, metavar='CSV',
                        help='bytes of measured frames (default: frames.csv beside the '
                             "points; drawn from the points' spread where it is missing)")
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures')
    parser.add_argument('--report', type=Path, metavar='HTML',
                        help='plot the run of one trace into a self-contained page')
    parser.add_argument('--model', type=Path, metavar='DIR',
                        help='model of the nodes of --real (default: the shipped one)')
    parser.add_argument('--real', action='store_true',
                        help='run the nodes over a shaped link between two network '
                             'namespaces (needs root)')


def run(args: argparse.Namespace) -> int:
    """Run every trace and print the figures."""
    from slim_split_ros.control import ControlError
    from slim_split_ros.linklab import LinkLabError

    if args.report is not None and len(args.trace) != 1:
        print('link: --report plots one trace: give --trace once', file=sys.stderr)
        return 2
    if (args.policy == 'fixed') != (args.width > 0.0):
        print('link: --policy fixed needs --width 0.25, 0.5, 0.75 or 1.0, and no other policy '
              'takes one', file=sys.stderr)
        return 2
    try:
        if args.real:
            from slim_split_ros.commands.real_link import run_real

            return run_real(args)
        return _run_emulation(args)
    except (LinkLabError, ControlError, OSError) as error:
        print(f'link: {error}', file=sys.stderr)
        return 1


def read_traces(paths: list[Path]) -> list[Trace]:
    """Read each trace, and each CSV of a folder in the order of names."""
    from slim_split_ros.linklab import TraceError, read_trace

    traces = []
    for path in paths:
        files = sorted(path.glob('*.csv')) if path.is_dir() else [path]
        if not files:
            raise TraceError(f'{path}: the folder holds no .csv; give a trace or their folder')
        traces += [read_trace(file) for file in files]
    return traces


def read_points(args: argparse.Namespace) -> tuple[OperatingPoints, Path | None]:
    """Read the operating points; give the frames' file too, where there is one."""
    from slim_split_ros.linklab import FramesError, parse_points

    path = args.points or (args.model or SHIPPED_MODEL) / POINTS_FILE
    if args.points is None and not path.is_file():
        raise FramesError('the shipped model has no operating points: give --points YAML, '
                          'written by `python -m slim_split_ros profile`')
    frames = args.frames or path.parent / FRAMES_FILE
    has_frames = args.frames is not None or frames.is_file()
    return parse_points(_read(path), str(path)), frames if has_frames else None


def _run_emulation(args: argparse.Namespace) -> int:
    points, frames_path = read_points(args)
    traces = read_traces(args.trace)
    results = []
    for trace in traces:
        result, rows = emulate_trace(args, points, frames_path, trace)
        results.append(result)
        print(_line(result), flush=True)
        if args.report is not None:
            _write_report(args, trace, _schedule(args, trace), rows, result)
    if len(results) > 1:
        print(_means_line(results))
    if args.json is not None:
        _write_json(args.json, results)
    return 0


def emulate_trace(args: argparse.Namespace, points: OperatingPoints, frames_path: Path | None,
                  trace: Trace) -> tuple[Results, list]:
    """Emulate one trace and give figures and rows."""
    from slim_split_ros.control import ControlSettings, PolicyName, WidthController
    from slim_split_ros.linklab import emulate, make_reference, summarize

    schedule = _schedule(args, trace)
    frames = _frames(args, points, frames_path, schedule)
    controller = WidthController(points, ControlSettings(
        PolicyName(args.policy), schedule.deadline_s, args.fps, pinned_width=args.width,
        max_bitrate_kbps=args.max_bitrate_kbps))
    begun_s = time.perf_counter()
    rows = emulate(trace, frames, schedule, controller, args.seed)
    elapsed_s = time.perf_counter() - begun_s
    reference = make_reference(trace, frames, schedule)
    name = args.policy if args.policy != 'fixed' else f'fixed {args.width}'
    return summarize(trace, name, schedule, rows, reference, elapsed_s), rows


def _schedule(args: argparse.Namespace, trace: Trace) -> Schedule:
    from slim_split_ros.linklab import Schedule

    return Schedule(args.deadline_ms / 1000.0, args.fps, args.server_ms / 1000.0,
                    trace.duration_s, not args.no_loss)


def _frames(args: argparse.Namespace, points: OperatingPoints, path: Path | None,
            schedule: Schedule) -> FrameTable:
    from slim_split_ros.linklab import draw_frames, parse_frames

    if path is None:
        return draw_frames(tuple(points), schedule.frame_count, args.seed)
    return parse_frames(_read(path), tuple(points), str(path), schedule.frame_count, args.seed)


def _write_report(args: argparse.Namespace, trace: Trace, schedule: Schedule, rows: list,
                  result: Results) -> None:
    from dataclasses import fields

    from slim_split_ros.linklab.timeline import make_timeline
    from slim_split_ros.reports.link_page import LinkRun, render_link_page

    timeline = make_timeline(trace, schedule, rows)
    series = {field.name: getattr(timeline, field.name) for field in fields(timeline)}
    page = render_link_page(LinkRun(
        trace=trace.name, policy=result.policy, deadline_ms=args.deadline_ms, fps=args.fps,
        figures=_figures(result), **series))
    args.report.parent.mkdir(parents=True, exist_ok=True)
    args.report.write_text(page, encoding='utf-8')
    print(f'Written: {args.report}')


def _figures(result: Results) -> tuple[tuple[str, str], ...]:
    return (
        ('frames on time ÷ feasible', f'{result.on_time:.3f}'),
        ('mean AP50 of offered frames', f'{result.mean_ap50:.3f}'),
        ('of a sender that knows the trace', f'{result.oracle_ap50:.3f}'),
        ('95 % of frames are back within',
         'none' if result.p95_ms is None else f'{result.p95_ms:.0f} ms'),
        ('late, lost, skipped of offered',
         f'{result.late}, {result.lost}, {result.skipped} of {result.offered}'),
        ('width changes a minute', f'{result.width_changes_per_min:.1f}'),
        ('share of the capacity used', f'{result.utilisation:.0%}'))


def _write_json(path: Path, results: list[Results]) -> None:
    """Write one run's figures as they are, several as a list with the means."""
    plain = [result.as_json() for result in results]
    if len(plain) == 1:
        document = plain[0]
    else:
        document = {'means': _means(results), 'traces': plain}
    path.write_text(json.dumps(document), encoding='utf-8')


def _means(results: list[Results]) -> dict[str, float]:
    count = len(results)
    shares = [result.mean_ap50 / result.oracle_ap50 if result.oracle_ap50 else 1.0
              for result in results]
    on_time = [result.on_time for result in results]
    return {'on_time': sum(on_time) / count, 'least_on_time': min(on_time),
            'share_of_oracle': sum(shares) / count, 'least_share_of_oracle': min(shares)}


def _line(result: Results) -> str:
    share = result.mean_ap50 / result.oracle_ap50 if result.oracle_ap50 else 1.0
    p95 = '   none' if result.p95_ms is None else f'{result.p95_ms:4.0f} ms'
    return (f'{result.trace:28s} {result.policy:10s} on_time {result.on_time:.3f}  '
            f'mean_ap50 {result.mean_ap50:.3f} ({share:.3f} of the oracle)  p95 {p95}  '
            f'late {result.late}  lost {result.lost}  skipped {result.skipped} of '
            f'{result.offered}  widths/min {result.width_changes_per_min:.1f}  '
            f'used {result.utilisation:.0%}')


def _means_line(results: list[Results]) -> str:
    means = _means(results)
    return (f'means of {len(results)} traces: on_time {means["on_time"]:.3f} (least '
            f'{means["least_on_time"]:.3f}), mean_ap50 {means["share_of_oracle"]:.3f} of the '
            f'oracle (least {means["least_share_of_oracle"]:.3f})')


def _read(path: Path) -> str:
    """Read a text file; OSError and a clear message for what is no text."""
    try:
        return path.read_text(encoding='utf-8')
    except UnicodeDecodeError as error:
        raise OSError(f'{path}: is no text in UTF-8 ({error.reason})') from error
