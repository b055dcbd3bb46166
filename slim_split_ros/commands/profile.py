"""`profile`: what each coder, width and rate costs here, as the table that `control` reads."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from slim_split_ros.commands.input_paths import input_path
from slim_split_ros.commands.output_paths import output_folder
from slim_split_ros.commands.video_clips import CLIP_S, parse_seeds, render_clips
from slim_split_ros.weights import DEFAULT_MODELS, model_folder

MOST_FRAMES = 200  # of all --source together
_LABELLED = 'robocup'  # the shipped model whose classes labelled data know

if TYPE_CHECKING:
    from slim_split_ros.evaluation.profile import ProfileTable
    from slim_split_ros.wire.manifest import Manifest


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'profile', help='measure bytes, encode time and accuracy of every operating point',
        description='With --data: measure bytes, encode time and AP50 (needs torch), and write '
                    'operating_points.yaml and frames.csv. With --source the same by agreement '
                    'with a detector, without labels (torch too). With neither: measure only the '
                    "encode times of this machine and keep the rest of the model's table.")
    parser.add_argument('--data', type=input_path, metavar='DIR', help='COCO-style data set')
    parser.add_argument('--split', default='val', help='split to measure on (default: val)')
    parser.add_argument('--half', choices=('choose', 'judge'),
                        help='only the pictures of one half of the split, as for `evaluate`; a '
                             'table that a model ships with comes from `choose`')
    parser.add_argument('--video', type=parse_seeds, metavar='SEEDS',
                        help='with --data: also points whose frames lean on the one before, on '
                             f'clips of {CLIP_S:g} s of the simulated halls of these seeds')
    parser.add_argument('--source', action='append', metavar='BAG|VIDEO|DIR',
                        help="frames without labels: what the model's own detector finds in them "
                             'undamaged is taken for the truth; may be given again')
    parser.add_argument('--topic', default='', help='image topic of recordings that have several')
    parser.add_argument('--clip', type=input_path, action='append', metavar='VIDEO',
                        help='with --source: also points whose frames lean on the one before, on '
                             'clips of this video; may be given again')
    parser.add_argument('--checkpoint', metavar='NAME|DIR',
                        help='name of a shipped model, or a model folder (default: '
                             f'{DEFAULT_MODELS["slim"]}, with --data {_LABELLED})')
    parser.add_argument('--output', type=output_folder, metavar='DIR',
                        help='where the files go (default: the model folder)')


def run(args: argparse.Namespace) -> int:
    """Measure and write the table."""
    from slim_split_ros.coders import why_no_video_encoding
    from slim_split_ros.control import ControlError
    from slim_split_ros.evaluation.errors import EvaluationError
    from slim_split_ros.evaluation.profile import profile_machine, write_profile
    from slim_split_ros.offboard import OffboardError
    from slim_split_ros.onboard import OnboardError
    from slim_split_ros.wire.errors import WireError
    from slim_split_ros.wire.manifest import load_manifest

    if bool(args.clip or args.topic) > bool(args.source) or (args.source and args.data):
        print('profile: --clip and --topic need --source, which takes the place of --data',
              file=sys.stderr)
        return 2
    if args.data is None and (args.video or args.half):
        print('profile: --video and --half need --data: without it only times are measured',
              file=sys.stderr)
        return 2
    try:
        manifest = load_manifest(model_folder(
            args.checkpoint or (_LABELLED if args.data else DEFAULT_MODELS['slim'])))
        output = args.output or output_folder(str(manifest.folder))
        if args.clip and not manifest.video:
            raise EvaluationError(
                f'the model in {manifest.folder} sends no video: leave out --clip')
        if manifest.video and why_no_video_encoding():
            print(f'profile: without points by video: {why_no_video_encoding()}',
                  file=sys.stderr)
        if args.source:
            table = _profile_agreement(args, manifest)
        else:
            table = profile_machine(manifest) if args.data is None else _profile(args, manifest)
        files = write_profile(table, output)
    except (ControlError, EvaluationError, OffboardError, OnboardError, WireError) as error:
        print(f'profile: {error}', file=sys.stderr)
        return 1
    except argparse.ArgumentTypeError as error:
        print(f'profile: {error} with --output', file=sys.stderr)
        return 1
    for row in table.points:
        print('  '.join(f'{name} {value}' for name, value in row.items()))
    if table.unsteady:
        print(f'profile: other work disturbed the times of {table.unsteady} of '
              f'{len(table.points)} points: run it again on a quiet machine', file=sys.stderr)
    print('Written: ' + ', '.join(map(str, files)))
    return 0


def _profile(args: argparse.Namespace, manifest: Manifest) -> ProfileTable:
    from slim_split_ros.evaluation.errors import EvaluationError
    from slim_split_ros.evaluation.profile_data import profile_data
    from slim_split_ros.networks.errors import NetworkError
    from slim_split_ros.simulation.errors import SimulationError
    from slim_split_ros.training.data.coco_folder import load_split
    from slim_split_ros.training.data.recordings import take_half
    from slim_split_ros.training.errors import TrainingError

    try:
        pictures = load_split(args.data, args.split)
        pictures = take_half(pictures, args.half) if args.half else pictures
        with TemporaryDirectory() as folder:
            clips = render_clips(Path(folder), args.video) if args.video else None
            return profile_data(manifest, pictures, clips)
    except (NetworkError, SimulationError, TrainingError) as error:
        raise EvaluationError(str(error)) from error


def _profile_agreement(args: argparse.Namespace, manifest: Manifest) -> ProfileTable:
    from slim_split_ros.bags import BagError
    from slim_split_ros.commands.frame_sources import keep_frames, show_progress
    from slim_split_ros.detectors import DetectorError
    from slim_split_ros.evaluation.agreement_profile import (
        keep_clips,
        own_detector,
        profile_agreement,
    )
    from slim_split_ros.evaluation.errors import EvaluationError
    from slim_split_ros.ros.errors import StartError
    from slim_split_ros.training.errors import TrainingError

    try:
        own_detector(manifest)  # whose lack is known before minutes of reading
        with TemporaryDirectory() as folder:
            # What a video lacks is known before minutes of reading and measuring.
            clips = [file for number, video in enumerate(args.clip or [])
                     for file in keep_clips(video, Path(folder) / 'clips' / f'{number:03d}')]
            frames = keep_frames(args.source, args.topic, MOST_FRAMES, Path(folder) / 'chosen')
            return profile_agreement(
                manifest, [file for of_source in frames for file in of_source], clips,
                Path(folder), show_progress)
    except (BagError, DetectorError, StartError, TrainingError) as error:
        raise EvaluationError(str(error)) from error
