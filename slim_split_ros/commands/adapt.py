"""`adapt`: fit the robot's side to a new place by what a detector finds there, without labels."""

from __future__ import annotations

import argparse
from pathlib import Path
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

from slim_split_ros.commands.agreement import FEW_THINGS, print_agreement
from slim_split_ros.commands.frame_sources import (
    check_source,
    keep_frames,
    name_content,
    show_progress,
)
from slim_split_ros.commands.input_paths import input_path, name_of
from slim_split_ros.commands.input_size import HELP, input_long_side
from slim_split_ros.commands.number_arguments import at_least_one, seed, share
from slim_split_ros.commands.output_paths import output_file, output_folder, write_json
from slim_split_ros.weights import DEFAULT_MODELS, model_folder

if TYPE_CHECKING:
    from slim_split_ros.detectors import OnnxDetector
    from slim_split_ros.wire import Manifest

_PAGE_FILE = 'agreement.html'
# What it takes while it works, and to go on; nobody needs it afterwards.
WORK = 'adapt_work'
_BUILT = 'model'  # in it, until it is whole
_MANY = 50  # things a frame, half of what is asked for; whoever gives more gives noise


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'adapt', help='fit a model to a place and a detector, without labels',
        description='Look at undamaged frames with your detector (ONNX, see `detect`), take what '
                    'it finds for the truth, train what says which parts of a picture matter, '
                    'and measure every operating point with this detector on frames kept aside, '
                    'beside WebP and JPEG. Writes a model folder, which has the detector too, '
                    'for both nodes, with a card and a page. Takes 8 to 15 minutes on two '
                    'quiet cores, more on slow ones or with a slow detector; interrupted, the '
                    'same command keeps what was trained and, once all were looked at, the '
                    'frames. Needs torch, the nodes do not (docs/adapt.md).')
    parser.add_argument('--detector', type=input_path, required=True, metavar='FILE.onnx',
                        help='what docs/detectors.md lists is recognised')
    parser.add_argument('--source', action='append', required=True, metavar='BAG|VIDEO|DIR',
                        help='recording, video or folder of images; may be given again')
    parser.add_argument('--topic', default='', help='image topic of recordings that have several')
    parser.add_argument('--output', type=output_folder, required=True, metavar='DIR',
                        help='the model folder that is written')
    parser.add_argument('--base', default=DEFAULT_MODELS['slim'], metavar='MODEL',
                        help='what to start from: general, robocup or a model folder (default: '
                             '%(default)s)')
    parser.add_argument('--frames', type=at_least_one, default=600, metavar='N',
                        help='taken evenly from all sources, from each the same share at '
                             'most (default: %(default)s)')
    parser.add_argument('--input-long-side', type=input_long_side, metavar='PIXELS', help=HELP)
    parser.add_argument('--steps', type=at_least_one, default=300, metavar='N',
                        help='of training (default: %(default)s)')
    parser.add_argument('--threshold', type=share, default=0.4, metavar='SCORE',
                        help='what is found with less is no truth (default: %(default)s)')
    parser.add_argument('--device', default='auto',
                        help='auto, cpu, cuda or cuda:N (default: auto, a GPU where there is one)')
    parser.add_argument('--seed', type=seed, default=0, help='of training (default: 0)')
    parser.add_argument('--json', type=output_file, metavar='FILE', help='write the figures')


def run(args: argparse.Namespace) -> int:
    """Look, train, measure, and print what came of it."""
    from slim_split_ros.bags import BagError
    from slim_split_ros.detectors import DetectorError
    from slim_split_ros.networks.errors import NetworkError
    from slim_split_ros.offboard import OffboardError
    from slim_split_ros.onboard import OnboardError
    from slim_split_ros.ros.errors import StartError
    from slim_split_ros.training.errors import TrainingError
    from slim_split_ros.wire import WireError

    try:
        _adapt(args)
    except (BagError, DetectorError, NetworkError, OffboardError, OnboardError, StartError,
            TrainingError, WireError) as error:
        print(f'adapt: {error}', file=sys.stderr)
        return 1
    return 0


def _adapt(args: argparse.Namespace) -> None:
    from slim_split_ros.coders import why_no_video_encoding
    from slim_split_ros.detectors import load_detector
    from slim_split_ros.evaluation.profile import FRAMES_FILE
    from slim_split_ros.evaluation.video_fit import fit_video
    from slim_split_ros.training.adapt import Adaptation, adapt_model
    from slim_split_ros.training.errors import TrainingError
    from slim_split_ros.training.pseudo_labels import TRIED
    from slim_split_ros.training.run import pick_device
    from slim_split_ros.training.stage import RunPlace
    from slim_split_ros.wire import load_manifest
    from slim_split_ros.wire.manifest import MANIFEST_FILE

    base = load_manifest(model_folder(args.base))
    if base.rebuild is None:
        raise TrainingError(f'{base.folder} rebuilds no pictures: take a --base of codec slim')
    _check_output(args.output)
    detector = load_detector(args.detector)
    print(f'{args.detector.name}: {detector.description.sentence()}')
    place = RunPlace(args.output / WORK, pick_device(args.device), workers=1)
    adaptation = Adaptation(
        base, args.detector, place.folder / 'frames', args.input_long_side or base.input_long_side,
        args.steps, args.seed)
    _look(args, base, detector, place.folder)
    # A model that is there serves until another is whole, measured and described.
    built = place.folder / _BUILT
    shutil.rmtree(built, ignore_errors=True)
    adapt_model(adaptation, place, built)
    if missing := why_no_video_encoding():
        print(f'Without video: {missing}')
    else:
        fit_video(built, detector, adaptation.frames, TRIED, show_progress)
    _measure(args, base, detector, place.folder, built)
    for file in sorted(built.iterdir(), key=lambda file: file.name == MANIFEST_FILE):
        file.replace(args.output / file.name)
    built.rmdir()
    (args.output / FRAMES_FILE).unlink(missing_ok=True)  # sizes of an older table's frames
    print(f'Written: {args.output} (what it gives: {args.output / _PAGE_FILE}); give it to both '
          f'nodes: model:={args.output}')


def _check_output(folder: Path) -> None:
    """Raise TrainingError where files of a folder would be written over that are not ours."""
    from slim_split_ros.evaluation.profile import FRAMES_FILE
    from slim_split_ros.networks.stored_weights import WEIGHTS_FILE
    from slim_split_ros.training.errors import TrainingError
    from slim_split_ros.training.export.detector_file import DETECTOR_FILE, DETECTOR_NOTES_FILE
    from slim_split_ros.training.export.model_card import CARD_FILE
    from slim_split_ros.training.export.model_folder import REBUILD_FILE
    from slim_split_ros.training.work_folder import is_of_command
    from slim_split_ros.weights.operating_point_file import POINTS_FILE
    from slim_split_ros.wire import WireError, load_manifest
    from slim_split_ros.wire.manifest import MANIFEST_FILE

    written = (CARD_FILE, DETECTOR_FILE, DETECTOR_NOTES_FILE, FRAMES_FILE, MANIFEST_FILE,
               POINTS_FILE, REBUILD_FILE, WEIGHTS_FILE, _PAGE_FILE)
    there = [name for name in written if (folder / name).exists()]
    if not there or is_of_command(folder / WORK):
        return
    try:
        load_manifest(folder)
    except WireError as error:
        raise TrainingError(
            f'{folder} is no model folder and has {", ".join(there)}, which would be written '
            'over: choose another --output') from error


def _look(args: argparse.Namespace, base: Manifest, detector: OnnxDetector, work: Path) -> None:
    """Choose frames and look at them, unless the same was done before."""
    from slim_split_ros.training.pseudo_labels import TRAIN, split_in_time, write_pseudo_labels
    from slim_split_ros.training.work_folder import (
        begin_work,
        end_looking,
        name_detector,
        was_looked_at,
    )

    asked = {
        'base': f'{base.fingerprint:016x}', 'detector': name_detector(args.detector, detector),
        'sources': {source: name_content(source) for source in args.source},
        'topic': args.topic, 'frames': args.frames, 'threshold': args.threshold,
        'input_long_side': args.input_long_side, 'steps': args.steps, 'seed': args.seed}
    if was_looked_at(work, asked):
        print(f'Frames of {work}: looked at before')
        return
    # Before the work of another question goes: a disk may merely not be mounted.
    for source in args.source:
        check_source(source, args.topic)
    begin_work(work, asked)
    splits = split_in_time(keep_frames(args.source, args.topic, args.frames, work / 'chosen'))
    for split, files in splits.items():
        found = write_pseudo_labels(
            files, detector, args.threshold, work / 'frames', split, show_progress)
        print(f'{split}: {found.sentence(len(files))}')
        if found.things < FEW_THINGS:
            print(f'adapt: {found.things} thing(s) are too few to go by: give a --source in which '
                  'the detector finds more, or a lower --threshold', file=sys.stderr)
        elif split == TRAIN and found.things > _MANY * found.frames:
            print(f'adapt: {found.things / found.frames:.0f} things a frame are more than most '
                  'scenes hold: see with `detect` whether the detector is understood, or give a '
                  'higher --threshold', file=sys.stderr)
    end_looking(work)


def _measure(args: argparse.Namespace, base: Manifest, detector: OnnxDetector, work: Path,
             folder: Path) -> None:
    """Measure the model of a folder, and write operating points, card and page into it."""
    from slim_split_ros.evaluation.agreement import codecs_of, measure_agreement
    from slim_split_ros.evaluation.bench.footprint import measure_encoder_mb
    from slim_split_ros.evaluation.profile import ProfileTable, write_profile
    from slim_split_ros.evaluation.side_by_side import show_frames
    from slim_split_ros.reports.agreement_card import CardFacts, render_card
    from slim_split_ros.reports.agreement_page import render_agreement
    from slim_split_ros.training.export.model_card import CARD_FILE
    from slim_split_ros.training.pseudo_labels import KEPT_ASIDE, TRAIN, TRIED
    from slim_split_ros.wire import load_manifest

    manifest = load_manifest(folder)
    codecs = codecs_of(manifest, detector)
    agreement = measure_agreement(codecs, detector, work / 'frames', KEPT_ASIDE, show_progress)
    fingerprint = f'{manifest.fingerprint:016x}'
    write_profile(ProfileTable(fingerprint, tuple(
        point.to_dict() for point in agreement.points if point.setting.codec == 'slim'), ()),
        folder)
    rows = agreement.rows()
    write_json(args.json, agreement.as_json())
    print_agreement(agreement)
    names = ', '.join(map(name_of, args.source))
    facts = CardFacts(
        fingerprint, f'model `{base.fingerprint:016x}` ({base.folder.name})',
        f'{args.detector.name}, {detector.description.sentence()}', names,
        _count(work, TRAIN), _count(work, TRIED),
        f'{len(agreement.frames)} frames with {agreement.boxes} things, of the last quarter of '
        'each source, which was kept aside', _command(args),
        manifest.input_long_side, measure_encoder_mb(manifest))
    (folder / CARD_FILE).write_text(render_card(facts, rows), 'utf-8')
    pictures = [(shown.caption, shown.jpeg)
                for shown in show_frames(codecs, agreement, detector)]
    (folder / _PAGE_FILE).write_text(render_agreement(
        f'{args.detector.name} on {names}: {facts.measured_on}.', rows, pictures), 'utf-8')


def _count(work: Path, split: str) -> str:
    from slim_split_ros.training.data.coco_folder import load_split

    read = load_split(work / 'frames', split)
    return f'{len(read.images)} frames with {sum(read.class_counts.values())} things'


def _command(args: argparse.Namespace) -> str:
    """Return the command as another may give it: without the folders of this machine."""
    parts = ['python', '-m', 'slim_split_ros', 'adapt', '--detector', args.detector.name]
    for source in args.source:
        parts += ['--source', name_of(source)]
    parts += ['--topic', args.topic] if args.topic else []
    parts += ['--base', name_of(args.base)]
    parts += ['--frames', str(args.frames), '--steps', str(args.steps), '--threshold',
              f'{args.threshold:g}', '--seed', str(args.seed)]
    if args.input_long_side:
        parts += ['--input-long-side', str(args.input_long_side)]
    return shlex.join([*parts, '--output', name_of(args.output)])
