"""`demo`: camera, robot and server as processes on this machine, and what came of it."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from slim_split_ros.weights import SHIPPED_MODELS

if TYPE_CHECKING:
    from slim_split_ros.commands.demo_link import DemoLink
    from slim_split_ros.demo.observer import FrameRecord
    from slim_split_ros.demo.run import DemoPlan, DemoRecord
    from slim_split_ros.reports.demo_page import DemoFacts
    from slim_split_ros.reports.demo_rows import FrameFigures
    from slim_split_ros.wire import Manifest

_SECONDS = 30.0
_LEAST_SECONDS = 2.0
_ROUND_S = 10.0
_LEAST_IOU = 0.5
_NODE_CHOOSES = 0.0
_PICTURES = 16
# A bright hall with robots, people and balls from the first second on.
_SEED = 4
_BARS_IN_A_FILE = 5


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'demo', help='run camera, robot and server on this machine and show what came of it',
        description='Run a camera, the onboard node and the offboard node as processes that talk '
                    'over ROS 2, let the width go through its values, print a table and write a '
                    'page with pictures and plots. Needs the environment of `make setup`, or ROS.')
    # Not every shell expands the tilde in `make demo SOURCE=~/pictures`.
    parser.add_argument('--source', type=lambda text: str(Path(text).expanduser()),
                        metavar='PATH',
                        help='bag (folder, or .mcap, .db3 or .bag file), video file, folder of '
                             'images or device such as /dev/video0 (default: a simulated camera, '
                             'which knows the truth)')
    parser.add_argument('--topic', default='', metavar='NAME',
                        help='which topic of a bag (default: the only one that is not depth)')
    parser.add_argument('--link', type=Path, metavar='CSV',
                        help='trace of a radio link that frames and detections cross; width and '
                             'rate are chosen by the onboard node then')
    parser.add_argument('--seconds', type=_seconds, default=_SECONDS, metavar='S',
                        help=f'time for all widths together (default: {_SECONDS:.0f})')
    parser.add_argument('--codec', choices=tuple(SHIPPED_MODELS), default='slim',
                        help="which shipped model: slim, or ensemble for the founding paper's "
                             '(default: slim)')
    parser.add_argument('--model', default='shipped', metavar='DIR',
                        help='model folder (default: the shipped one of the codec)')
    parser.add_argument('--seed', type=int, default=_SEED, metavar='N',
                        help=f'which hall the simulated camera sees (default: {_SEED})')
    parser.add_argument('--output', type=Path, default=Path('out/demo'), metavar='DIR',
                        help='page, pictures and logs (default: out/demo)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures')


def run(args: argparse.Namespace) -> int:
    """Run the nodes, print the table, write the page and say where it is."""
    from importlib.util import find_spec

    missing = [name for name in ('rclpy', 'slim_split_ros.msg') if find_spec(name) is None]
    if missing:
        print(f'demo: {missing[0]} is not installed here: use `make demo`, or build the package '
              'with colcon and source it', file=sys.stderr)
        return 1
    from slim_split_ros.bags import BagError
    from slim_split_ros.commands.demo_link import DemoLink
    from slim_split_ros.demo.errors import DemoError
    from slim_split_ros.linklab import LinkLabError
    from slim_split_ros.ros.errors import StartError
    from slim_split_ros.wire import WireError

    try:
        link = None if args.link is None else DemoLink.begin(args.link)
        facts, record = _collect(args, link)
        _write(facts, args)
        if link is not None:
            _write_link(link, record, args)
    except (DemoError, StartError, WireError, BagError, LinkLabError, OSError) as error:
        print(f'demo: {error}', file=sys.stderr)
        return 1
    print(f'Page with plots and pictures: {args.output / "index.html"}')
    return 0


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not _LEAST_SECONDS <= seconds < float('inf'):
        raise argparse.ArgumentTypeError(
            f'{text} is not a number of seconds of at least {_LEAST_SECONDS:g}')
    return seconds


def _collect(args: argparse.Namespace, link: DemoLink | None
             ) -> tuple[DemoFacts, DemoRecord]:
    from slim_split_ros.demo.emulated_link_node import SENT
    from slim_split_ros.demo.plan import plan_nodes
    from slim_split_ros.demo.run import DemoPlan
    from slim_split_ros.ros.model import bundle_folder
    from slim_split_ros.wire import load_manifest

    # Here as well as in the nodes, so that a missing model is said before anything starts.
    manifest = load_manifest(bundle_folder(args.model, args.codec))
    widths = tuple(sorted(entry.width for entry in manifest.widths))
    turns = widths if link is None else (_NODE_CHOOSES,)
    nodes = plan_nodes(
        args.source, args.topic, args.seed, str(manifest.folder.resolve()), turns[0])
    sent = None
    if link is not None:
        nodes, sent = link.between(nodes), SENT
    args.output.mkdir(parents=True, exist_ok=True)
    rounds = max(1, round(args.seconds / _ROUND_S))
    plan = DemoPlan(
        tuple(nodes), turns, rounds, args.seconds, _PICTURES, args.output.resolve(), sent)
    record = _run_with_bar(plan)
    # Over a link every width has the whole time, of which it takes what it is chosen for.
    share_s = args.seconds / len(turns)
    return _facts(args, manifest, record, share_s, link), record


def _run_with_bar(plan: DemoPlan) -> DemoRecord:
    from tqdm import tqdm

    from slim_split_ros.demo.run import run_demo

    # A file that the output goes to would otherwise get hundreds of bars.
    redraw_s = 0.1 if sys.stderr.isatty() else plan.seconds / _BARS_IN_A_FILE
    with tqdm(total=plan.seconds, desc='starting', leave=False, mininterval=redraw_s,
              bar_format='{desc} |{bar}| {n:.0f}/{total:.0f} s') as bar:
        def show(width: float, elapsed_s: float) -> None:
            chosen = f'width {width:.2f}' if width else 'width as the link allows'
            bar.set_description_str(chosen, refresh=False)
            bar.update(elapsed_s - bar.n)

        return run_demo(plan, show)


def _facts(args: argparse.Namespace, manifest: Manifest, record: DemoRecord, share_s: float,
           link: DemoLink | None) -> DemoFacts:
    from slim_split_ros.demo.pictures import annotate
    from slim_split_ros.reports.demo_page import DemoFacts
    from slim_split_ros.reports.demo_rows import summarize
    from slim_split_ros.ros.offboard_parameters import OffboardSettings

    frames = tuple(_figures_of(sighting) for sighting in record.records)
    shown = [annotate(sighting, manifest.classes) for sighting in record.records]
    return DemoFacts(
        source='The simulated camera' if args.source is None else args.source,
        seconds=args.seconds, score_threshold=OffboardSettings().score_threshold,
        least_iou=_LEAST_IOU, has_truth=args.source is None,
        channels={entry.width: entry.channels for entry in manifest.widths},
        frames=frames, rows=summarize(frames, share_s), processes=record.processes,
        drops=record.drops, first_payload_s=record.first_payload_s,
        first_answer_s=record.first_answer_s,
        shown=tuple(frame for frame in shown if frame is not None),
        link=None if link is None else link.trace.name)


def _figures_of(sighting: FrameRecord) -> FrameFigures:
    from slim_split_ros.evaluation.matching import count_matches
    from slim_split_ros.reports.demo_rows import FrameFigures

    count = None
    if sighting.found is not None and sighting.truth is not None:
        count = count_matches(sighting.found, sighting.truth, _LEAST_IOU)
    return FrameFigures(
        captured_s=sighting.stamp_ns / 1e9, width=sighting.width,
        message_bytes=sighting.message_bytes, encode_ms=sighting.encode_ms,
        server_ms=sighting.server_ms, end_to_end_ms=sighting.answered_ms,
        detections=0 if sighting.found is None else len(sighting.found.names),
        matched=None if count is None else count.matched,
        objects=None if count is None else count.objects)


def _write(facts: DemoFacts, args: argparse.Namespace) -> None:
    import os

    # matplotlib's list of fonts: generated things stay in the output folder.
    os.environ.setdefault('MPLCONFIGDIR', str(args.output.resolve() / 'matplotlib'))
    from slim_split_ros.reports.demo_page import render_demo
    from slim_split_ros.reports.demo_rows import demo_table
    from slim_split_ros.reports.text_table import lay_out

    print(lay_out(demo_table(facts.rows, facts.channels, facts.has_truth)))
    pictures = args.output / 'frames'
    pictures.mkdir(exist_ok=True)
    for old in pictures.glob('*.jpg'):
        old.unlink()
    for number, frame in enumerate(facts.shown):
        name = f'{number:02d}_width_{round(100 * frame.width):03d}.jpg'
        (pictures / name).write_bytes(frame.jpeg)
    (args.output / 'index.html').write_text(render_demo(facts), encoding='utf-8')
    if args.json:
        _write_json(facts, args.json)


def _write_link(link: DemoLink, record: DemoRecord, args: argparse.Namespace) -> None:
    from slim_split_ros.commands.demo_link import describe_run
    from slim_split_ros.reports.link_page import render_link_page
    from slim_split_ros.reports.page import Table
    from slim_split_ros.reports.text_table import lay_out

    run = describe_run(link, record, args.seconds)
    page = args.output / 'link.html'
    page.write_text(render_link_page(run), encoding='utf-8')
    print(lay_out(Table((f'over {run.trace}', ''), run.figures)))
    print(f'Page of the link: {page}')


def _write_json(facts: DemoFacts, file: Path) -> None:
    from dataclasses import asdict
    import json

    figures = {
        'source': facts.source, 'seconds': facts.seconds,
        'score_threshold': facts.score_threshold, 'iou': facts.least_iou,
        'first_payload_s': facts.first_payload_s, 'first_answer_s': facts.first_answer_s,
        'widths': [asdict(row) for row in facts.rows],
        'processes': [asdict(row) for row in facts.processes], 'dropped_on_board': facts.drops}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(figures, indent=1) + '\n', encoding='utf-8')
