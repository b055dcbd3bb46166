"""`fleet`: robots served by replicas on this machine, or a plan of how many hardware serves."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
import re
import sys
from typing import TYPE_CHECKING

from slim_split_ros.commands.input_paths import input_path
from slim_split_ros.commands.number_arguments import number_above, seed, whole_number
from slim_split_ros.commands.output_paths import output_file, output_folder, write_json, write_text
from slim_split_ros.weights import DEFAULT_MODELS, model_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from slim_split_ros.commands.fleet_simulation import FleetOutcome, FleetRun
    from slim_split_ros.control import OperatingPoints
    from slim_split_ros.fleet.planning import Costs, Plan, PlannedWay, Way
    from slim_split_ros.onboard import Encoded
    from slim_split_ros.reports.fleet_plan_page import FleetPlan
    from slim_split_ros.wire import Manifest

OUTPUT = Path('out') / 'fleet'
MOST_ROBOTS = 1000
# A process of 100 MB each, and of 300.
MOST_LIVE_ROBOTS, MOST_LIVE_REPLICAS = 32, 16
_CAMERA_FPS = 60.0
PLANNED_FPS, LIVE_FPS, LIVE_S, LIVE_REPLICAS = 10.0, 3.0, 60.0, 2
MOST_FPS = 1000.0
MOST_SERVERS = 100_000
LEAST_S, MOST_S = 5.0, 20.0
# Of all robots together; more take minutes.
SIMULATED_FRAMES = 100_000
# One warms up.
_FRAMES = 4
_SEED = 4
# Of each camera, wherever it begins.
_FEWEST_FRAMES = 2.0
# With their defaults: without --plan they would be given for nothing.
_OF_A_PLAN = {'link': None, 'cells': None, 'costs': None, 'checkpoint': DEFAULT_MODELS['slim'],
              'deadline_ms': 300.0, 'device': 'cpu'}


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'fleet', help='serve robots by a Ray cluster here, or plan how many hardware serves',
        description='Runs simulated robots on this machine, served by replicas of a Ray cluster '
                    'of which one is killed halfway (needs Ray and ROS). --plan instead measures '
                    'what decoding and detecting a frame takes on this machine, works out how '
                    'many robots a core, a GPU and the air of a cell serve, and lets so many '
                    "robots send in virtual time, with the nodes' own decisions (needs neither). "
                    'Prints tables and writes a page.')
    parser.add_argument('--plan', action='store_true', help='work it out and simulate it')
    parser.add_argument('--robots', type=whole_number(1, MOST_ROBOTS), default=8, metavar='N',
                        help=f'how many robots, 1 to {MOST_ROBOTS}; without --plan at most '
                             f'{MOST_LIVE_ROBOTS} (default: %(default)d)')
    parser.add_argument('--fps', type=number_above(0.0, MOST_FPS), metavar='F',
                        help='frames a second that each camera offers (default: '
                             f'{PLANNED_FPS:g} of a plan, else {LIVE_FPS:g})')
    parser.add_argument('--link', type=input_path, metavar='TRACE',
                        help='CSV t_s,rate_kbps,delay_ms,loss of what the air of one cell '
                             'carries, which its robots share (default: no limit)')
    parser.add_argument('--cells', type=whole_number(1, MOST_ROBOTS), metavar='K',
                        help='Wi-Fi cells that there are (default: as many as it takes)')
    parser.add_argument('--replicas', type=whole_number(1, MOST_SERVERS), metavar='R',
                        help='servers that there are, a core or a GPU each (default: as many as '
                             f'it takes; without --plan {LIVE_REPLICAS}, at most '
                             f'{MOST_LIVE_REPLICAS})')
    parser.add_argument('--checkpoint', default=_OF_A_PLAN['checkpoint'], metavar='NAME|DIR',
                        help='name of a shipped model, or a model folder (default: %(default)s)')
    parser.add_argument('--deadline-ms', type=number_above(0.0, 60_000.0), metavar='MS',
                        default=_OF_A_PLAN['deadline_ms'],
                        help='from capture to detections back (default: %(default)g)')
    parser.add_argument('--device', default=_OF_A_PLAN['device'], metavar='NAME',
                        type=_device,
                        help='where the costs are measured: cpu, cuda or cuda:N (default: cpu)')
    parser.add_argument('--costs', type=input_path, metavar='FILE',
                        help='take the costs from an earlier plan (--json) instead of measuring')
    parser.add_argument('--seconds', type=number_above(0.0, 3600.0), metavar='S',
                        help=f'how long is simulated, after a start of 3 s (default: {MOST_S:g}, '
                             f'less for very many frames, at least {LEAST_S:g}), or watched '
                             f'without --plan (default: {LIVE_S:g})')
    parser.add_argument('--seed', type=seed, default=0, metavar='N',
                        help='of phases, losses and sizes of frames (default: 0)')
    parser.add_argument('--json', type=output_file, metavar='FILE', help='write the figures')
    parser.add_argument('--output', type=output_folder, default=str(OUTPUT), metavar='DIR',
                        help='folder of the page, plan.html or index.html (default: %(default)s)')


def _device(text: str) -> str:
    """Return the name of a device; `auto` would not say what the costs are of."""
    if not re.fullmatch(r'cpu|cuda(:\d+)?', text):
        raise argparse.ArgumentTypeError(f'{text!r:.40} is none of cpu, cuda and cuda:N')
    return text


def run(args: argparse.Namespace) -> int:
    """Plan, simulate, print and write; or run the fleet."""
    if not args.plan:
        return _run_live(args)
    args.fps = args.fps or PLANNED_FPS
    from slim_split_ros.control import ControlError
    from slim_split_ros.fleet.planning import PlanError
    from slim_split_ros.linklab import LinkLabError
    from slim_split_ros.offboard import OffboardError
    from slim_split_ros.onboard import OnboardError
    from slim_split_ros.simulation.errors import SimulationError
    from slim_split_ros.wire import WireError

    if args.cells is not None and args.link is None:
        print('fleet: --cells says who shares the air: give --link too', file=sys.stderr)
        return 2
    if args.costs and args.device != _OF_A_PLAN['device']:
        print(f'fleet: --device {args.device} says where costs are measured, and --costs has '
              'measured ones: give one of the two', file=sys.stderr)
        return 2
    if args.seconds and args.seconds < _FEWEST_FRAMES / args.fps:
        print(f'fleet: --seconds is {args.seconds:g}, in which a camera with {args.fps:g} '
              f'frames/s may offer none: give {_FEWEST_FRAMES / args.fps:g} or more',
              file=sys.stderr)
        return 2
    try:
        _plan(args)
    except (ControlError, LinkLabError, OffboardError, OnboardError, PlanError, SimulationError,
            WireError) as error:
        print(f'fleet: {error}', file=sys.stderr)
        return 1
    return 0


def _run_live(args: argparse.Namespace) -> int:
    from slim_split_ros.commands.fleet_live import run_live

    planned = [name for name, default in _OF_A_PLAN.items() if getattr(args, name) != default]
    if planned:
        print(f'fleet: --{planned[0].replace("_", "-")} is of a plan: give --plan too',
              file=sys.stderr)
        return 2
    if args.fps and args.fps > _CAMERA_FPS:
        print(f'fleet: --fps is {args.fps:g}, the simulated camera gives at most '
              f'{_CAMERA_FPS:g}', file=sys.stderr)
        return 2
    for number, most, what in ((args.robots, MOST_LIVE_ROBOTS, 'robots'),
                               (args.replicas or 1, MOST_LIVE_REPLICAS, 'replicas')):
        if number > most:
            print(f'fleet: {number} {what} do not run on one machine: give at most {most}, or '
                  '--plan', file=sys.stderr)
            return 2
    return run_live(
        args.robots, args.replicas or LIVE_REPLICAS, args.seconds or LIVE_S,
        args.fps or LIVE_FPS, args.seed, args.output, args.json)


def _plan(args: argparse.Namespace) -> None:
    from tqdm import tqdm

    from slim_split_ros.commands.fleet_simulation import FleetRun, frames_through, simulate_fleet
    from slim_split_ros.control import ControlSettings
    from slim_split_ros.fleet.planning import Air, Question, make_plan
    from slim_split_ros.linklab import read_trace
    from slim_split_ros.weights.operating_point_file import POINTS_FILE, read_operating_points
    from slim_split_ros.wire import load_manifest

    folder = model_folder(args.checkpoint)
    manifest = load_manifest(folder)
    points = read_operating_points(folder / POINTS_FILE, manifest)
    trace = read_trace(args.link) if args.link else None
    control = ControlSettings(deadline_s=args.deadline_ms / 1000.0, target_fps=args.fps)
    costs, samples = _costs(args, manifest)
    points = points.only({way.coder for way in samples})
    ways = _planned_ways(points, costs)
    settings = FleetRun(args.robots, 1, args.cells or 1, _seconds(args), control, trace, args.seed)
    air = trace and Air(
        trace.name, trace.bits_until(trace.duration_s) / trace.duration_s / 1000.0,
        frames_through(settings, points, costs.by_way()))
    plan = make_plan(
        Question(args.robots, args.fps, control.deadline_s, args.replicas, args.cells, air), ways)
    settings = FleetRun(args.robots, plan.servers, plan.cells, settings.seconds, control, trace,
                        args.seed)
    with tqdm(total=math.ceil(settings.end_s), desc='simulating', unit='s', leave=False,
              disable=not sys.stderr.isatty()) as bar:
        outcome = simulate_fleet(
            settings, manifest, points, costs.by_way(), samples, lambda: bar.update())
    _show(args, folder.name, costs, ways, plan, settings, outcome)


def _seconds(args: argparse.Namespace) -> float:
    frames_per_s = args.robots * args.fps
    return args.seconds or max(_FEWEST_FRAMES / args.fps, min(
        MOST_S, max(LEAST_S, SIMULATED_FRAMES / frames_per_s)))


def _costs(
    args: argparse.Namespace, manifest: Manifest
) -> tuple[Costs, dict[Way, Encoded]]:
    """Read or measure costs, and encode a frame of each way."""
    import time

    from slim_split_ros.evaluation.bench.service import encode_samples, measure_service
    from slim_split_ros.fleet.planning import Costs, FrameCost, Way, parse_costs

    fingerprint = f'{manifest.fingerprint:016x}'
    known = args.costs and parse_costs(
        args.costs.read_text(encoding='utf-8', errors='replace'), str(args.costs), fingerprint)
    frames = _frames()
    samples = {Way(setting.coder, setting.width, setting.rate, setting.alone): encoded
               for setting, encoded in encode_samples(manifest, frames)}
    if known:
        of = known.by_way()
        return known, {way: sample for way, sample in samples.items() if way in of}
    # The processor's own time: what others do on this machine is not what a frame takes.
    is_cpu = args.device == 'cpu'
    rows, place = measure_service(
        manifest, args.device, frames, time.process_time if is_cpu else time.perf_counter,
        _watched)
    return Costs(fingerprint, args.device, place, 'processor' if is_cpu else 'wall', tuple(
        FrameCost(Way(row.coder, row.width, row.rate, row.alone), row.decode_ms, row.serve_ms)
        for row in rows)), samples


def _frames() -> list[np.ndarray]:
    """Return uint8 (H, W, 3), BGR, of the simulated camera."""
    from slim_split_ros.simulation import Hall

    hall = Hall(_SEED, 640, 480)
    frames = []
    for _ in range(_FRAMES):
        hall.step(0.1)
        frames.append(hall.render().image)
    return frames


def _planned_ways(points: OperatingPoints, costs: Costs) -> list[PlannedWay]:
    from slim_split_ros.fleet.planning import PlanError, PlannedWay, Way

    of = costs.by_way()
    named = [(point, Way(point.coder, point.width, point.rate, point.alone)) for point in points]
    missing = [way for _, way in named if way not in of]
    if missing:
        raise PlanError(f'the costs lack coder {missing[0].coder}, width {missing[0].width:g}, '
                        f'rate {missing[0].rate}, which the model has: measure them here')
    return [PlannedWay(of[way], point.bytes, point.encode_ms, point.ap50)
            for point, way in named]


def _show(
    args: argparse.Namespace, model: str, costs: Costs, ways: Sequence[PlannedWay], plan: Plan,
    settings: FleetRun, outcome: FleetOutcome,
) -> None:
    from slim_split_ros.commands.fleet_figures import as_json, fleet_plan
    from slim_split_ros.reports.fleet_plan_page import (
        cost_table,
        outcome_table,
        render_fleet_plan,
    )
    from slim_split_ros.reports.text_table import lay_out

    shown: FleetPlan = fleet_plan(model, costs, ways, plan, settings, outcome)
    print(lay_out(cost_table(shown)), lay_out(outcome_table(shown)), *shown.verdict,
          sep='\n\n')
    page = args.output / 'plan.html'
    write_text(page, render_fleet_plan(shown))
    print(f'\nWritten: {page}')
    write_json(args.json, as_json(model, costs, ways, plan, settings, outcome))


def _watched(items: Sequence) -> Iterable:
    from tqdm import tqdm

    return tqdm(items, 'measuring', leave=False, disable=not sys.stderr.isatty())
