"""`link`: what a policy achieves on recorded links, in emulation or on a real one."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from slim_split_ros.commands.input_paths import input_path
from slim_split_ros.commands.number_arguments import (
    not_negative,
    number_above,
    number_from,
    seed,
    share,
)
from slim_split_ros.commands.output_paths import output_file, write_json, write_text
from slim_split_ros.commands.width_argument import WidthError, check_width
from slim_split_ros.weights import DEFAULT_MODELS, model_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from slim_split_ros.control import OperatingPoints
    from slim_split_ros.linklab import Comparison, Means, Results, Run, RunSettings, Trace

FRAMES_FILE = 'frames.csv'
OUTPUT = Path('out') / 'link'
# As far as the controller and the emulation go.
_MOST_MS, _MOST_FPS = 60_000.0, 1000.0
_SERVER_MS = 25.0
# Limits of the onboard node's parameters, and of the simulated camera's.
_NODES_TAKE = (('deadline_ms', 20.0, 10_000.0), ('fps', 0.1, 60.0),
               ('max_bitrate_kbps', 1.0, 20_000.0))
_NOTHING_FEASIBLE = 'no frame that is alone could be on time'


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'link', help='emulate a policy on recorded links, or run it on a real one',
        description='Replays link traces (CSV t_s,rate_kbps,delay_ms,loss) under a policy and '
                    'compares with what a sender could do that knows the trace. A folder, or '
                    '--trace several times, prints a row per trace and the means.')
    parser.add_argument('--trace', type=input_path, action='append', required=True,
                        metavar='CSV', help='a trace, or a folder of traces')
    parser.add_argument('--policy', choices=('auto', 'paper', 'aimd', 'fixed'), default='auto',
                        help='who chooses the width (default: auto)')
    parser.add_argument('--width', type=share, default=0.0, help='width of --policy fixed')
    parser.add_argument('--deadline-ms', type=number_above(0.0, _MOST_MS), default=300.0,
                        help='from capture to detections back (default: %(default)g)')
    parser.add_argument('--fps', type=number_above(0.0, _MOST_FPS), default=10.0,
                        help='frames offered a second (default: %(default)g)')
    parser.add_argument('--server-ms', type=number_from(0.0, _MOST_MS), default=_SERVER_MS,
                        help='what the server takes for a frame (default: %(default)g)')
    loss = parser.add_mutually_exclusive_group()
    loss.add_argument('--no-loss', action='store_true', help='leave random loss out')
    loss.add_argument('--loss', type=share, metavar='SHARE',
                      help="chance of each packet to be lost, 0 to 1, in place of the traces'")
    parser.add_argument('--alone', action='store_true',
                        help='send only frames that decode without any other')
    parser.add_argument('--max-bitrate-kbps', type=not_negative, default=0.0,
                        help='ceiling over what is sent (default: 0, none)')
    parser.add_argument('--points', type=input_path, metavar='YAML',
                        help="operating points (default: the model's)")
    parser.add_argument('--frames', type=input_path, metavar='CSV',
                        help='bytes of measured frames (default: frames.csv beside the '
                             "points; drawn from the points' spread where it is missing)")
    parser.add_argument('--seed', type=seed, default=0,
                        help='of losses and of sizes of frames (default: 0)')
    parser.add_argument('--json', type=output_file, metavar='FILE', help='write the figures')
    parser.add_argument('--report', type=output_file, metavar='HTML',
                        help='plot the run of one trace into a self-contained page')
    parser.add_argument('--model', metavar='NAME|DIR', default=DEFAULT_MODELS['slim'],
                        help='whose operating points are used, and which the nodes of --real '
                             'run (default: %(default)s)')
    parser.add_argument('--real', action='store_true',
                        help='run the nodes over a shaped link between two network '
                             'namespaces (needs root)')


def run(args: argparse.Namespace) -> int:
    """Run every trace and print the figures."""
    from slim_split_ros.control import ControlError
    from slim_split_ros.demo.errors import DemoError
    from slim_split_ros.linklab import LinkLabError, read_traces, with_loss
    from slim_split_ros.wire import WireError

    if args.report is not None and len(args.trace) != 1:
        print('link: --report plots one trace: give --trace once', file=sys.stderr)
        return 2
    if (args.policy == 'fixed') != (args.width > 0.0):
        print('link: --policy fixed needs --width 0.25, 0.5, 0.75 or 1.0, and no other policy '
              'takes one', file=sys.stderr)
        return 2
    if args.real and (fault := _fault_of_real(args)):
        print(f'link: {fault}', file=sys.stderr)
        return 2
    try:
        traces, settings = read_traces(args.trace), _settings(args)
        if args.report is not None and len(traces) != 1:
            raise LinkLabError(f'--report plots one trace, and {args.trace[0]} holds '
                               f'{len(traces)}: name one of them')
        if args.loss is not None:
            traces = [with_loss(trace, args.loss) for trace in traces]
        model = model_folder(args.model)
        points, sizes = _read_table(args.points, model, args.frames)
        check_width(args.width, points)
        if args.real:
            figures = _run_real(traces, points, settings, sizes, model)
        else:
            figures = _run_emulations(traces, points, settings, sizes, args.report)
        write_json(args.json, figures)
    except WidthError as error:
        print(f'link: {error}', file=sys.stderr)
        return 2
    except (LinkLabError, ControlError, DemoError, WireError) as error:
        print(f'link: {error}', file=sys.stderr)
        return 1
    return 0


def _fault_of_real(args: argparse.Namespace) -> str:
    """Say what nodes over a real link do not take."""
    if args.report is not None or args.server_ms != _SERVER_MS:
        return ('--report and --server-ms are of the emulation; over --real the server takes what '
                'it takes')
    for name, low, high in _NODES_TAKE:
        value = getattr(args, name)
        if value and not low <= value <= high:
            return (f'--{name.replace("_", "-")} is {value:g}, the nodes of --real take {low:g} '
                    f'to {high:g}')
    return ''


def _settings(args: argparse.Namespace) -> RunSettings:
    from slim_split_ros.control import ControlSettings, PolicyName
    from slim_split_ros.linklab import RunSettings

    control = ControlSettings(
        PolicyName(args.policy), args.deadline_ms / 1000.0, args.fps, pinned_width=args.width,
        max_bitrate_kbps=args.max_bitrate_kbps, alone=args.alone)
    return RunSettings(control, args.server_ms / 1000.0, not args.no_loss, args.seed)


def _read_table(path: Path | None, model: Path, frames: Path | None
                ) -> tuple[OperatingPoints, NDArray | None]:
    """
    Read operating points; the measured bytes of their frames too, where there are any.

    Without a path they are the model's own, and must have been measured with it.
    """
    from slim_split_ros.linklab import parse_sizes, read_text
    from slim_split_ros.weights.operating_point_file import POINTS_FILE, read_operating_points
    from slim_split_ros.wire import load_manifest

    if path is None:
        path = model / POINTS_FILE
        points = read_operating_points(path, load_manifest(model))
    else:
        points = read_operating_points(path)
    beside = path.parent / FRAMES_FILE
    if frames is None and not beside.is_file():
        return points, None
    file = frames or beside
    return points, parse_sizes(read_text(file), tuple(points), str(file))


def _run_emulations(traces: list[Trace], points: OperatingPoints, settings: RunSettings,
                    sizes: NDArray | None, page: Path | None) -> dict:
    """Print a line a trace and the means; give one run's figures, or those of all."""
    from slim_split_ros.linklab import average, run_emulation

    results = []
    for trace in traces:
        run = run_emulation(trace, points, settings, sizes)
        results.append(run.results)
        print(_line(run.results), flush=True)
        if page is not None:
            _write_page(page, trace, settings, run)
    if len(results) == 1:
        return results[0].as_json()
    means = average(results)
    print(_means_line(means, results))
    return {'means': asdict(means), 'traces': [result.as_json() for result in results]}


def _run_real(traces: list[Trace], points: OperatingPoints, settings: RunSettings,
              sizes: NDArray | None, model: Path) -> list[dict]:
    """Print the real figures of each trace beside those of the emulation."""
    from dataclasses import replace

    from slim_split_ros.linklab import check_machine, compare, why_no_loss

    check_machine()
    _check_ros()
    if settings.with_loss and any(row.loss for trace in traces for row in trace.rows):
        if reason := why_no_loss():
            print(f'link: {reason}', file=sys.stderr)
            settings = replace(settings, with_loss=False)
    from slim_split_ros.demo.interruption import Interruption
    from slim_split_ros.demo.real_link import run_real_link

    comparisons = []
    with Interruption() as interruption:
        for trace in traces:
            print(f'{trace.name}: {trace.duration_s:.0f} s over the real link', flush=True)
            real = run_real_link(
                trace, settings, model, (OUTPUT / trace.name).resolve(), interruption)
            comparisons.append(compare(trace, real, points, settings, sizes))
            print(_comparison_line(comparisons[-1]), flush=True)
    return [comparison.as_json() for comparison in comparisons]


def _check_ros() -> None:
    """Raise DemoError where ROS or the package's messages are not there."""
    from importlib.util import find_spec

    from slim_split_ros.demo.errors import DemoError

    missing = [name for name in ('rclpy', 'slim_split_ros.msg') if find_spec(name) is None]
    if missing:
        raise DemoError(f'{missing[0]} is not installed here: use the environment of `make '
                        f'setup`, or build the package with colcon and source it')


def _write_page(path: Path, trace: Trace, settings: RunSettings, run: Run) -> None:
    from dataclasses import fields

    from slim_split_ros.linklab import make_timeline
    from slim_split_ros.reports.link_page import LinkRun, render_link_page

    timeline = make_timeline(trace, run.schedule, run.rows)
    series = {field.name: getattr(timeline, field.name) for field in fields(timeline)}
    page = render_link_page(LinkRun(
        trace=trace.name, policy=run.results.policy,
        deadline_ms=settings.control.deadline_s * 1000.0, fps=settings.control.target_fps,
        figures=_figures(run.results), **series))
    write_text(path, page)
    print(f'Written: {path}')


def _figures(result: Results) -> tuple[tuple[str, str], ...]:
    return (
        ('frames on time ÷ feasible', f'{result.on_time:.3f}{_why_one(result)}'),
        ('mean AP50 of offered frames', f'{result.mean_ap50:.3f}'),
        ('of a sender that knows the trace', f'{result.oracle_ap50:.3f}'),
        ('95 % of frames are back within',
         'none' if result.p95_ms is None else f'{result.p95_ms:.0f} ms'),
        ('late, lost, skipped of offered',
         f'{result.late}, {result.lost}, {result.skipped} of {result.offered}'),
        ('width changes a minute', f'{result.width_changes_per_min:.1f}'),
        ('share of the capacity used', f'{result.utilisation:.0%}'),
        ('coders of the frames sent, and those alone',
         f"{', '.join(f'{name} {share:.0%}' for name, share in result.coder_shares.items())}; "
         f'{result.alone_share:.0%}'))


def _line(result: Results) -> str:
    p95 = '   none' if result.p95_ms is None else f'{result.p95_ms:4.0f} ms'
    return (f'{result.trace:28s} {result.policy:10s} on_time {result.on_time:.3f}'
            f'{_why_one(result)}  mean_ap50 {result.mean_ap50:.3f} '
            f'({result.share_of_oracle:.3f} of the oracle)  '
            f'p95 {p95}  late {result.late}  lost {result.lost}  skipped {result.skipped} of '
            f'{result.offered}  widths/min {result.width_changes_per_min:.1f}  '
            f'used {result.utilisation:.0%}{_coders(result)}')


def _why_one(result: Results) -> str:
    """Say it where a share is 1 because there is nothing to share."""
    return '' if result.feasible else f' (1 by definition: {_NOTHING_FEASIBLE})'


def _coders(result: Results) -> str:
    """Say which coders made the frames, where it was not one alone."""
    if set(result.coder_shares) <= {'cells'}:
        return ''
    shares = ', '.join(f'{coder} {share:.0%}' for coder, share in result.coder_shares.items())
    return f'  {shares}  alone {result.alone_share:.0%}  undecodable {result.undecodable}'


def _means_line(means: Means, results: list[Results]) -> str:
    ones = sum(not result.feasible for result in results)
    note = f'; on {ones} of them {_NOTHING_FEASIBLE}, which counts as 1' if ones else ''
    return (f'means of {len(results)} traces: on_time {means.on_time:.3f} (least '
            f'{means.least_on_time:.3f}), mean_ap50 {means.mean_ap50:.4f}, '
            f'{means.share_of_oracle:.3f} of the oracle (least '
            f'{means.least_share_of_oracle:.3f}){note}')


def _comparison_line(comparison: Comparison) -> str:
    real, share = comparison.real, comparison.on_time_share
    p95 = 'none' if comparison.p95_ms is None else f'{comparison.p95_ms:.0f} ms'
    return (f'  real: {real.offered} frames offered ({comparison.fps:.1f}/s), '
            f'{len(real.frames)} sent, {share:.3f} on time, p95 {p95}; '
            f'unloaded {real.unloaded_s * 1000.0:.0f} ms; emulated with the same: '
            f'{comparison.emulated_on_time_share:.3f} on time; difference '
            f'{100.0 * (share - comparison.emulated_on_time_share):+.1f} points')
