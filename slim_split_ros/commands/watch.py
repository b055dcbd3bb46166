"""`watch`: what every robot and server in reach is doing, live in the terminal."""

from __future__ import annotations

import argparse
from dataclasses import asdict
import os
import sys
import time
from typing import TYPE_CHECKING

from slim_split_ros.commands.number_arguments import not_negative
from slim_split_ros.commands.output_paths import output_file, write_json

if TYPE_CHECKING:
    from rich.console import Console, Group

    from slim_split_ros.ros.watch_node import Watch, WatchSession

_PERIOD_S = 0.5
_SPIN_S = 0.1
_FILE_COLUMNS = 160
# Within this every node that runs is heard: it has to be found, and speaks once a second.
_ENOUGH_S = 10.0


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'watch', help='show what every robot and server in reach is doing, live',
        description='Shows a row for each onboard and offboard node in this ROS domain, from '
                    'the status that each publishes, and what /diagnostics complains of. Needs '
                    'ROS.')
    parser.add_argument('--seconds', type=not_negative, default=0.0, metavar='S',
                        help='how long to watch; 0: until Ctrl-C (default: 0)')
    parser.add_argument('--json', type=output_file, metavar='FILE', help='write the last state')


def run(args: argparse.Namespace) -> int:
    """Watch until told to stop; 1 if nobody was heard."""
    from slim_split_ros.ros.watch_node import WatchSession

    with WatchSession() as session:
        node = session.node
        try:
            _watch(session, args.seconds)
        except KeyboardInterrupt:
            pass
    write_json(args.json, _state(node))
    if not node.robots() and not node.servers():
        print(f'watch: {_nobody(args.seconds)}', file=sys.stderr)
        return 1
    return 0


def _watch(session: WatchSession, seconds: float) -> None:
    from rich.console import Console
    from rich.live import Live

    # A file has no width; there a line is not broken.
    console = Console(width=None if sys.stdout.isatty() else _FILE_COLUMNS)
    end_s, redraw_s = time.monotonic() + (seconds or float('inf')), 0.0
    try:
        # Not a terminal: the last state is printed once.
        with Live(console=console, auto_refresh=False, transient=False) as live:
            while time.monotonic() < end_s:
                session.listen(_SPIN_S)
                if time.monotonic() >= redraw_s:
                    live.update(_draw(session.node, console, seconds),
                                refresh=console.is_terminal)
                    # From its end: where drawing is slow, there is time to listen all the same.
                    redraw_s = time.monotonic() + _PERIOD_S
            live.update(_draw(session.node, console, seconds), refresh=True)
    finally:
        if not console.is_terminal:
            console.line()  # rich ends only what it has drawn over


def _draw(node: Watch, console: Console, seconds: float) -> Group:
    from rich.text import Text

    from slim_split_ros.reports.terminal_table import fit_table, stack
    from slim_split_ros.reports.watch_rows import robot_table, server_table

    tables, lines = [], []
    for table in (robot_table(node.robots()), server_table(node.servers())):
        if table.rows:
            tables += fit_table(table, console)
    if not tables:
        lines.append(Text(_nobody(seconds)))
    for complaint in node.complaints():
        line = f'{complaint.level} {complaint.name}: {complaint.message}'
        lines.append(Text(''.join(letter if letter.isprintable() else '?' for letter in line),
                          style='red' if complaint.level == 'ERROR' else 'yellow'))
    return stack(tables, lines, console)


def _nobody(seconds: float) -> str:
    domain = os.environ.get('ROS_DOMAIN_ID', '0')
    said = (f'no onboard or offboard node is heard in ROS domain {domain}: start one, or set '
            'ROS_DOMAIN_ID to that of the nodes')
    if 0.0 < seconds < _ENOUGH_S:
        said += (f', or give --seconds more than {seconds:g}, which may be too few to hear one '
                 'that runs')
    return said


def _state(node: Watch) -> dict:
    return {
        'robots': [asdict(robot) for robot in node.robots()],
        'servers': [asdict(server) for server in node.servers()],
        'complaints': [asdict(complaint) for complaint in node.complaints()]}
