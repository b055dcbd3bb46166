"""`demo`: camera, robot and server as processes on this machine, and what came of it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import nullcontext
import os
import sys
from typing import TYPE_CHECKING

from slim_split_ros.commands.input_paths import input_path
from slim_split_ros.commands.number_arguments import number_from, seed
from slim_split_ros.commands.output_paths import output_file, output_folder, write_json
from slim_split_ros.weights import DEFAULT_MODELS

if TYPE_CHECKING:
    from slim_split_ros.demo.run import DemoPlan, DemoRecord
    from slim_split_ros.reports.demo_page import DemoFacts
    from slim_split_ros.reports.link_page import LinkRun

_SECONDS = 30.0
_LEAST_SECONDS = 2.0
# A bright hall with robots, people and balls from the first second on.
_SEED = 4
_BARS_IN_A_FILE = 5


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'demo', help='run camera, robot and server on this machine and show what came of it',
        description='Run a camera, the onboard node and the offboard node as processes that talk '
                    'over ROS 2, let the width change from frame to frame, print tables and write '
                    'a page with pictures and plots. Needs the environment of `make setup`, or '
                    'ROS.')
    # Not every shell expands the tilde in `make demo SOURCE=~/pictures`.
    parser.add_argument('--source', type=os.path.expanduser, metavar='PATH',
                        help='bag (folder, or .mcap, .db3 or .bag file), video file, folder of '
                             'images or device such as /dev/video0 (default: a simulated camera, '
                             'which knows the truth)')
    parser.add_argument('--topic', default='', metavar='NAME',
                        help='which topic of a bag (default: the only one that is not depth)')
    parser.add_argument('--link', type=input_path, metavar='CSV',
                        help='trace of a radio link that frames and detections cross; width and '
                             'rate are chosen by the onboard node then')
    parser.add_argument('--seconds', type=number_from(_LEAST_SECONDS), metavar='S',
                        default=_SECONDS, help=f'how long to watch (default: {_SECONDS:.0f})')
    parser.add_argument('--codec', choices=tuple(DEFAULT_MODELS), default='slim',
                        help="which shipped model: slim, or ensemble for the founding paper's "
                             '(default: slim)')
    parser.add_argument('--model', default='shipped', metavar='NAME|DIR',
                        help='general, robocup or ensemble, or a model folder (default: robocup '
                             'for the simulated camera, else the shipped one of the codec)')
    parser.add_argument('--seed', type=seed, metavar='N',
                        help=f'which hall the simulated camera sees (default: {_SEED})')
    parser.add_argument('--output', type=output_folder, default='out/demo', metavar='DIR',
                        help='page, pictures and logs (default: out/demo)')
    parser.add_argument('--json', type=output_file, metavar='FILE', help='write the figures')
    parser.add_argument('--rerun', type=output_file, metavar='FILE.rrd',
                        help='write pictures, boxes, bytes, width and times for Rerun (needs '
                             'rerun-sdk)')


def run(args: argparse.Namespace) -> int:
    """Run the nodes, print the table, write the page and say where it is."""
    from slim_split_ros.bags import BagError
    from slim_split_ros.demo.errors import DemoError
    from slim_split_ros.demo.output import LINK_PAGE, figures_of, write_pages
    from slim_split_ros.demo.prepare import DemoOptions, prepare_demo
    from slim_split_ros.demo.timeline import write_timeline
    from slim_split_ros.linklab import LinkLabError
    from slim_split_ros.reports.rerun_file import RerunFile
    from slim_split_ros.ros.errors import StartError
    from slim_split_ros.wire import WireError

    if args.source is not None and args.seed is not None:
        print('demo: --seed is of the simulated camera, whose place --source takes: leave one out',
              file=sys.stderr)
        return 2
    options = DemoOptions(args.source, args.topic, args.link, args.seconds, args.codec, args.model,
                          _SEED if args.seed is None else args.seed, args.output,
                          args.rerun is not None)
    try:
        # Before half a minute has passed, because the package or the folder may be missing.
        with nullcontext() if args.rerun is None else RerunFile(args.rerun, 'demo') as timeline:
            demo = prepare_demo(options)
            domain = demo.environment['ROS_DOMAIN_ID']
            print(f'ROS domain {domain}; a shell with ROS 2 looks on by: ROS_DOMAIN_ID={domain} '
                  'ros2 topic list', flush=True)
            record = _run_with_bar(demo.plan, demo.environment)
            if timeline is not None:
                write_timeline(timeline, record)
        print('Comparing with WebP and JPEG', flush=True)
        facts, link = demo.describe(record)
        page = write_pages(args.output, facts, link)
        write_json(args.json, figures_of(facts))
    except (DemoError, StartError, WireError, BagError, LinkLabError) as error:
        print(f'demo: {error}', file=sys.stderr)
        return 1
    _print_tables(facts, link)
    if link is not None:
        print(f'Page of the link: {args.output / LINK_PAGE}')
    if args.rerun is not None:
        print(f'Rerun: {args.rerun}')
    print(f'Page with plots and pictures: {page}')
    return 0


def _run_with_bar(plan: DemoPlan, environment: Mapping[str, str]) -> DemoRecord:
    from tqdm import tqdm

    from slim_split_ros.demo.run import run_demo

    # A file that the output goes to would otherwise get hundreds of bars.
    redraw_s = 0.1 if sys.stderr.isatty() else plan.seconds / _BARS_IN_A_FILE
    with tqdm(total=plan.seconds, desc='starting', leave=False, mininterval=redraw_s,
              bar_format='{desc} |{bar}| {n:.0f}/{total:.0f} s') as bar:
        def show(elapsed_s: float) -> None:
            bar.set_description_str('watching', refresh=False)
            bar.update(elapsed_s - bar.n)

        return run_demo(plan, environment, show)


def _print_tables(facts: DemoFacts, link: LinkRun | None) -> None:
    from slim_split_ros.reports.demo_rows import codec_table, demo_table, fate_table
    from slim_split_ros.reports.page import Table
    from slim_split_ros.reports.text_table import lay_out

    tables = [demo_table(facts.rows, facts.channels, facts.has_truth),
              fate_table(facts.frames, facts.captured, facts.drops)]
    if facts.compared:
        tables.append(codec_table(facts.compared, facts.has_truth))
    if link is not None:
        tables.append(Table((f'over {link.trace}', ''), link.figures))
    print('\n\n'.join(lay_out(table) for table in tables))
