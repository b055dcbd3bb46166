"""`bench`: what a frame takes on this machine, beside what one would use instead."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from slim_split_ros.commands.input_paths import input_path
from slim_split_ros.commands.number_arguments import at_least_one, number_above
from slim_split_ros.commands.output_paths import output_file, write_json
from slim_split_ros.weights import DEFAULT_MODELS, SHIPPED_MODELS, model_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

_ROUNDS = 100
_SECONDS, _MOST_SECONDS = 10.0, 3600.0
_FPS = 10.0
# Moving pictures: those of a video lean on one another.
_FRAMES = 24
_SEED = 4
_NODE_WIDTHS = (0.25, 1.0)
_OUTPUT = Path('out') / 'bench'
# Options that not all parts have: their defaults, and the parts.
_OF_PARTS = {
    'threads': (1, ('encode', 'server')), 'device': ('cpu', ('server',)),
    'rounds': (_ROUNDS, ('encode', 'server')), 'processor': (False, ('encode', 'server')),
    'seconds': (_SECONDS, ('node',))}


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'bench', help='measure what a frame takes on this machine, stage by stage',
        description='encode: letterbox, network and coder of every width, beside JPEG, WebP, '
                    "H.264 (where PyAV is installed) and a member of the founding paper's "
                    'encoder, on the same frames by turns. server: decoding, rebuilding and '
                    'detecting. node: the onboard node as a process beside a republisher of '
                    'JPEG, with memory, start and processor (needs ROS).')
    parser.add_argument('part', choices=('encode', 'node', 'server'), help='what is measured')
    parser.add_argument('--bag', type=input_path, metavar='BAG',
                        help='whose images (default: frames of the simulated camera, 640x480)')
    parser.add_argument('--topic', default='', metavar='NAME',
                        help='which topic of the bag (default: the only one that is not depth)')
    parser.add_argument('--model', default=DEFAULT_MODELS['slim'], metavar='NAME|DIR',
                        help='name of a shipped model, or a model folder (default: '
                             '%(default)s)')
    parser.add_argument('--threads', type=at_least_one, default=1, metavar='N',
                        help='threads of encoder or server (default: 1)')
    parser.add_argument('--device', default='cpu', metavar='NAME',
                        help='of the server: cpu, cuda or cuda:N (default: cpu)')
    parser.add_argument('--rounds', type=at_least_one, default=_ROUNDS, metavar='N',
                        help=f'frames that each system gets (default: {_ROUNDS})')
    parser.add_argument('--processor', action='store_true',
                        help="measure encode and server by the processor's time instead of the "
                             "wall's, where other programs are busy")
    parser.add_argument('--seconds', type=number_above(0.0, _MOST_SECONDS), metavar='S',
                        default=_SECONDS,
                        help=f'how long each node is watched (default: {_SECONDS:g})')
    parser.add_argument('--json', type=output_file, metavar='FILE', help='write the figures')


def run(args: argparse.Namespace) -> int:
    """Measure, print the table, write the figures."""
    from slim_split_ros.offboard import OffboardError
    from slim_split_ros.onboard import OnboardError
    from slim_split_ros.reports.page import Table
    from slim_split_ros.reports.text_table import lay_out
    from slim_split_ros.wire import WireError

    if fault := _fault_of(args):
        print(f'bench: {fault}', file=sys.stderr)
        return 2
    errors: tuple[type[Exception], ...] = (
        OffboardError, OnboardError, WireError, OSError, _source_error(args.bag))
    if args.part == 'node':
        from slim_split_ros.demo.errors import DemoError

        errors = (*errors, DemoError)
    try:
        frames = _frames(args)
        rows = [asdict(row) for row in _measure(args, frames)]
    except errors as error:
        print(f'bench: {error}', file=sys.stderr)
        return 1
    write_json(args.json, {
        'part': args.part, 'clock': 'processor' if args.processor else 'wall',
        'model': model_folder(args.model).name, 'frames': len(frames),
        'image': f'{frames[0].shape[1]}x{frames[0].shape[0]}', 'rows': rows})
    print(lay_out(Table(tuple(rows[0]), tuple(
        tuple('' if value is None else str(value) for value in row.values()) for row in rows))))
    return 0


def _fault_of(args: argparse.Namespace) -> str:
    """Say which options mean nothing for the part or together."""
    needless = [name for name, (default, parts) in _OF_PARTS.items()
                if getattr(args, name) != default and args.part not in parts]
    if needless:
        return f'--{needless[0]} is not of {args.part}: leave it out'
    if args.topic and args.bag is None:
        return '--topic is of a bag: give --bag too'
    if args.processor and args.device != 'cpu':
        return (f'--processor does not count the time of {args.device}: give it with --device '
                'cpu, or not at all')
    return ''


def _source_error(bag: Path | None) -> type[Exception]:
    # Each needs packages of which the other does without.
    if bag is None:
        from slim_split_ros.simulation import SimulationError

        return SimulationError
    from slim_split_ros.bags import BagError

    return BagError


def _frames(args: argparse.Namespace) -> list[np.ndarray]:
    """Return uint8 (H, W, 3), BGR, one after the other as a camera gives them."""
    if args.bag is None:
        from slim_split_ros.simulation import Hall

        hall = Hall(_SEED, 640, 480)
        frames = []
        for _ in range(_FRAMES):
            hall.step(1.0 / _FPS)
            frames.append(hall.render().image)
        return frames
    from itertools import islice

    from slim_split_ros.bags import BagError, find_image_topic
    from slim_split_ros.bags.pictures import read_pictures

    topic = find_image_topic(args.bag, args.topic)
    frames = list(islice(read_pictures(args.bag, topic, _say), _FRAMES))
    if not frames:
        raise BagError(f'{args.bag}: none of the images on {topic} can be read')
    return frames


def _say(sentence: str) -> None:
    print(f'bench: {sentence}: left out', file=sys.stderr)


def _measure(args: argparse.Namespace, frames: list[np.ndarray]) -> Sequence[object]:
    from slim_split_ros.wire import load_manifest

    manifest = load_manifest(model_folder(args.model))
    if args.part == 'node':
        return _measure_nodes(args, frames)
    import time

    from tqdm import tqdm

    from slim_split_ros.evaluation.bench.subject import measure

    clock = time.process_time if args.processor else time.perf_counter
    if args.part == 'encode':
        from slim_split_ros.evaluation.bench.encode import encode_subjects

        paper = SHIPPED_MODELS['ensemble']
        subjects = encode_subjects(
            manifest, load_manifest(paper) if paper.is_dir() else None, args.threads, clock)
    else:
        from slim_split_ros.evaluation.bench.server import server_subjects

        subjects = server_subjects(manifest, args.device, args.threads, clock)
    return measure(subjects, frames, args.rounds, lambda rounds: tqdm(
        rounds, 'measuring', leave=False, disable=not sys.stderr.isatty()))


def _measure_nodes(args: argparse.Namespace, frames: list[np.ndarray]) -> Sequence[object]:
    import os

    from slim_split_ros.demo.environment import demo_environment
    from slim_split_ros.demo.node_bench import bench_nodes, node_subjects

    folder = _OUTPUT.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    subjects = node_subjects(model_folder(args.model).resolve(), _NODE_WIDTHS, _FPS)
    return bench_nodes(
        subjects, frames, _FPS, args.seconds, folder, demo_environment(os.environ, folder))
