"""`profile`: what each width and rate costs on this machine, as the table that `control` reads."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

from slim_split_ros.weights import SHIPPED_MODEL


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'profile', help='measure bytes, encode time and accuracy of every operating point',
        description='With --data: measure bytes, encode time and AP50 (needs torch), and write '
                    'operating_points.yaml and frames.csv. Without: measure only the encode '
                    "times of this machine and keep the rest of the model's table.")
    parser.add_argument('--data', type=Path, metavar='DIR', help='COCO-style data set')
    parser.add_argument('--split', default='val', help='split to measure on (default: val)')
    parser.add_argument('--half', choices=('choose', 'judge'),
                        help='only the pictures of one half of the split, as for `evaluate`; a '
                             'table that a model ships with comes from `choose`')
    parser.add_argument('--checkpoint', type=Path, default=SHIPPED_MODEL, metavar='DIR',
                        help='model folder (default: the shipped one)')
    parser.add_argument('--output', type=Path, metavar='DIR',
                        help='where the files go (default: the model folder)')


def run(args: argparse.Namespace) -> int:
    """Measure and write the table."""
    from slim_split_ros.control import ControlError
    from slim_split_ros.evaluation.errors import EvaluationError
    from slim_split_ros.evaluation.profile import profile_machine, write_profile
    from slim_split_ros.wire.errors import WireError
    from slim_split_ros.wire.manifest import load_manifest

    output = args.output or args.checkpoint
    try:
        manifest = load_manifest(args.checkpoint)
        if args.data is None:
            table = profile_machine(manifest)
        else:
            from slim_split_ros.evaluation.profile_data import profile_data

            table = profile_data(manifest, args.data, args.split, args.half)
        files = write_profile(table, output)
    except (ControlError, EvaluationError, WireError, OSError) as error:
        print(f'profile: {error}', file=sys.stderr)
        return 1
    for row in table.points:
        print('  '.join(f'{name} {value}' for name, value in row.items()))
    print('Written: ' + ', '.join(map(str, files)))
    return 0
