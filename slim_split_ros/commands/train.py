"""`train`: from a COCO-style folder to a model folder that both nodes run."""

from __future__ import annotations

import argparse
import sys

from slim_split_ros.commands.input_paths import input_path
from slim_split_ros.commands.number_arguments import seed
from slim_split_ros.commands.output_paths import output_folder
from slim_split_ros.weights import SHIPPED_MODELS

WORKERS = 1
GENERAL_PRESET = 'general'


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'train', help='train detector and codec on a COCO-style data set',
        description='Train on images/<split> and annotations/instances_<split>.json, first the '
                    'detector, then encoder and repairs, from those of the general model on, and '
                    'export the result. An interrupted run goes on where it was, by the same '
                    'command. With --preset general: train finder and repairs for any scene on '
                    'unlabelled photographs, in which detectors look for things. With --rivals: '
                    'train the systems that `evaluate` compares with, against a finished '
                    'detector.')
    parser.add_argument('--data', type=input_path, action='append', required=True, metavar='DIR',
                        help='data set; may be given several times, the classes of all must '
                             'agree, and each is drawn from equally often; with --preset '
                             'general one folder of photographs (boxes.json beside it, in '
                             "COCO's form, tells of those whose boxes are known)")
    parser.add_argument('--split',
                        help='split to train on (default: train); with --check, the only one to '
                             'check (default: all)')
    parser.add_argument('--check', action='store_true',
                        help='only read the data: say what every split holds and all faults in '
                             'it, and train nothing; training begins with the same check')
    parser.add_argument('--preset', choices=('quick', 'full', GENERAL_PRESET),
                        default='quick',
                        help='quick takes 30 to 50 minutes on two quiet cores and shows that all '
                             'is well; full takes hours, or minutes on a GPU; general an hour '
                             '(default: quick)')
    parser.add_argument('--detector', type=input_path, action='append', default=[],
                        metavar='FILE.onnx',
                        help='with --preset general: looks for things; may be given several '
                             'times, and the first goes with the model')
    parser.add_argument('--output', type=output_folder, default='out/train', metavar='DIR',
                        help='checkpoints, logs, sample pictures and the model folder (default: '
                             'out/train)')
    parser.add_argument('--device', default='auto',
                        help='auto, cpu, cuda or cuda:N (default: auto, a GPU where there is one)')
    parser.add_argument('--seed', type=seed, default=0,
                        help='of weights and of the order of pictures (default: 0)')
    parser.add_argument('--rivals', action='store_true',
                        help='train the rivals of a finished model instead, into '
                             'rivals/rivals.safetensors of the output')
    parser.add_argument('--checkpoint', type=input_path, metavar='DIR',
                        help='with --rivals: the model (default: that of the output)')


def run(args: argparse.Namespace) -> int:
    """Train, export and say where the result is."""
    from slim_split_ros.training.memory import ask_for_large_pages

    ask_for_large_pages()
    from slim_split_ros.training.errors import TrainingError

    if (fault := _fault_of_general(args)) is not None:
        print(f'train: {fault}', file=sys.stderr)
        return 2
    if args.checkpoint and not args.rivals:
        print('train: --checkpoint goes with --rivals; a model is trained from the start',
              file=sys.stderr)
        return 2
    try:
        if args.check:
            _check(args)
        elif args.preset == GENERAL_PRESET:
            _train_general(args)
        else:
            _train(args)
    except TrainingError as error:
        print(f'train: {error}', file=sys.stderr)
        return 1
    return 0


def _fault_of_general(args: argparse.Namespace) -> str | None:
    if (args.preset == GENERAL_PRESET) != bool(args.detector):
        return '--preset general and --detector go together: detectors look for its things'
    if args.detector and (len(args.data) > 1 or args.check or args.rivals or args.split):
        return ('--preset general takes one --data, a folder of photographs, and neither --check, '
                '--rivals nor --split')
    return None


def _check(args: argparse.Namespace) -> None:
    from slim_split_ros.training.data.check import check_data

    check_data(tuple(args.data), args.split, print)
    print('No faults.')


def _train(args: argparse.Namespace) -> None:
    from slim_split_ros.networks.errors import NetworkError
    from slim_split_ros.training.data.check import DEFAULT_SPLIT
    from slim_split_ros.training.errors import TrainingError
    from slim_split_ros.training.rivals.run import train_rivals
    from slim_split_ros.training.run import TrainingRun, train_model

    asked = TrainingRun(tuple(args.data), args.split or DEFAULT_SPLIT, args.preset,
                        SHIPPED_MODELS['general'], args.output, args.device, args.seed, WORKERS)
    try:
        if args.rivals:
            print(f'Rivals written to {train_rivals(asked, args.checkpoint)}')
            return
        folder = train_model(asked)
    except NetworkError as error:
        raise TrainingError(str(error)) from error
    print(f'Model written to {folder}; measure it with: python -m slim_split_ros evaluate '
          f'--checkpoint {folder} --data {args.data[0]} --split val')


def _train_general(args: argparse.Namespace) -> None:
    from slim_split_ros.detectors import DetectorError
    from slim_split_ros.networks.errors import NetworkError
    from slim_split_ros.training.errors import TrainingError
    from slim_split_ros.training.general import GeneralRun, train_general

    try:
        folder = train_general(GeneralRun(
            args.data[0], tuple(args.detector), SHIPPED_MODELS['robocup'], args.output,
            args.device, args.seed, WORKERS))
    except (DetectorError, NetworkError) as error:
        raise TrainingError(str(error)) from error
    print(f'Model written to {folder}')
