"""`export`: from weights to a model folder that both nodes run."""

from __future__ import annotations

import argparse
import sys

from slim_split_ros.commands.input_paths import input_path
from slim_split_ros.commands.input_size import HELP, input_long_side
from slim_split_ros.commands.output_paths import output_folder
from slim_split_ros.weights import model_path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'export', help='write what both nodes run from trained weights',
        description='Write encoders, server graphs and manifest for ONNX Runtime from '
                    'model.safetensors; entropy tables are counted on the pictures of a data '
                    "set, except for the founding paper's encoder, which has none.")
    parser.add_argument('--checkpoint', type=model_path, required=True,
                        metavar='NAME|FILE',
                        help='name of a shipped model, model.safetensors, or the folder that '
                             'holds it')
    parser.add_argument('--data', type=input_path, action='append', default=[], metavar='DIR',
                        help='data set whose pictures the tables are counted on; may be given '
                             'several times')
    parser.add_argument('--split', default='train', help='split to count on (default: train)')
    parser.add_argument('--detector', type=input_path, metavar='FILE.onnx',
                        help='goes with the model instead of its own detector (docs/detectors.md)')
    parser.add_argument('--input-long-side', type=input_long_side, metavar='PIXELS', help=HELP)
    written = parser.add_mutually_exclusive_group(required=True)
    written.add_argument('--output', type=output_folder, metavar='DIR',
                         help='the model folder that is written')
    written.add_argument('--tables-only', action='store_true',
                         help='count the tables of the model folder --checkpoint anew, for fewer '
                              'bytes on other scenes, and leave its graphs as they are; '
                              '`profile` has to measure it again')


def run(args: argparse.Namespace) -> int:
    """Export and print the fingerprint."""
    from slim_split_ros.detectors import DetectorError
    from slim_split_ros.networks.errors import NetworkError
    from slim_split_ros.training.errors import TrainingError
    from slim_split_ros.training.run import count_tables, export_model
    from slim_split_ros.wire import WireError

    if args.tables_only and (args.detector or args.input_long_side):
        print('export: --tables-only leaves graphs as they are: leave out --detector and '
              '--input-long-side, or give --output', file=sys.stderr)
        return 2
    try:
        if args.tables_only:
            folder = args.checkpoint.parent if args.checkpoint.is_file() else args.checkpoint
            fingerprint = count_tables(folder, tuple(args.data), args.split)
        else:
            fingerprint = export_model(
                args.checkpoint, tuple(args.data), args.split, args.output, args.detector,
                args.input_long_side)
    except (DetectorError, NetworkError, TrainingError, WireError) as error:
        print(f'export: {error}', file=sys.stderr)
        return 1
    print(f'Model {fingerprint} written to {args.output or args.checkpoint}')
    return 0
