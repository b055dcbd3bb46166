"""`evaluate --detector`: what a detector still finds behind a model, on frames without labels."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from slim_split_ros.commands.frame_sources import keep_frames, show_progress
from slim_split_ros.commands.input_paths import input_path, name_of
from slim_split_ros.commands.number_arguments import at_least_one, share
from slim_split_ros.commands.output_paths import write_json, write_text
from slim_split_ros.weights import DEFAULT_MODELS, SHIPPED_MODEL, model_folder

if TYPE_CHECKING:
    from slim_split_ros.evaluation.agreement import Agreement, SeenCodec

# Enough to choose from; as many as are measured are taken of them.
FRAMES = 200
# One of fewer is more than a twentieth of the agreement.
FEW_THINGS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what `evaluate` takes for frames without labels."""
    group = parser.add_argument_group(
        'frames without labels', 'What a detector (ONNX) finds in undamaged frames is taken for '
        'the truth; the figures are those of `adapt`.')
    group.add_argument('--detector', type=input_path, metavar='FILE.onnx',
                       help='what docs/detectors.md lists is recognised')
    group.add_argument('--source', action='append', metavar='BAG|VIDEO|DIR',
                       help='recording, video or folder of images; may be given again')
    group.add_argument('--topic', default='', help='image topic of recordings that have several')
    group.add_argument('--threshold', type=share, default=0.4, metavar='SCORE',
                       help='what is found with less is no truth (default: %(default)s)')
    group.add_argument('--as-pictures', type=at_least_one, metavar='N',
                       help='instead: how good N frames are as pictures, whole and inside boxes, '
                            'at 1, 2 and 4 kB')


def evaluate_agreement(args: argparse.Namespace) -> int:
    """Measure a model with a detector that it was not trained with, or with its own."""
    from slim_split_ros.bags import BagError
    from slim_split_ros.detectors import DetectorError
    from slim_split_ros.offboard import OffboardError
    from slim_split_ros.onboard import OnboardError
    from slim_split_ros.ros.errors import StartError
    from slim_split_ros.training.errors import TrainingError
    from slim_split_ros.wire import WireError

    if args.detector is None or not args.source or args.data or args.video is not None:
        print('evaluate: frames without labels need --detector and --source, without --data and '
              '--video', file=sys.stderr)
        return 2
    needless = given(args, 'codecs', 'pictures', 'dump', 'half', 'split')
    if needless or (args.as_pictures and args.report):
        print(f'evaluate: {needless or "--report"} goes with '
              f'{"labelled pictures" if needless else "agreement, not with --as-pictures"}: '
              'leave it out', file=sys.stderr)
        return 2
    try:
        with TemporaryDirectory() as work:
            _evaluate(args, Path(work))
    except (BagError, DetectorError, OffboardError, OnboardError, StartError, TrainingError,
            WireError) as error:
        print(f'evaluate: {error}', file=sys.stderr)
        return 1
    return 0


def given(args: argparse.Namespace, *names: str) -> str:
    """Return which of these options are given, as they are written; empty where none is."""
    return ', '.join(f'--{name.replace("_", "-")}' for name in names if getattr(args, name))


def _evaluate(args: argparse.Namespace, work: Path) -> None:
    from slim_split_ros.detectors import load_detector
    from slim_split_ros.evaluation.agreement import codecs_of, measure_agreement
    from slim_split_ros.evaluation.side_by_side import show_frames
    from slim_split_ros.reports.agreement_page import render_agreement
    from slim_split_ros.training.pseudo_labels import (
        KEPT_ASIDE,
        check_frames,
        write_pseudo_labels,
    )
    from slim_split_ros.wire import load_manifest

    manifest = load_manifest(model_folder(str(args.checkpoint or DEFAULT_MODELS['slim'])))
    detector = load_detector(args.detector)
    print(f'{args.detector.name}: {detector.description.sentence()}')
    chosen = keep_frames(args.source, args.topic, FRAMES, work / 'chosen')
    files = [file for of_source in chosen for file in of_source]
    check_frames(files)
    found = write_pseudo_labels(
        files, detector, args.threshold, work / 'frames', KEPT_ASIDE, show_progress)
    print(found.sentence(len(files)))
    codecs = codecs_of(manifest, detector)
    if args.as_pictures:
        _judge_pictures(args, codecs, work / 'frames')
        return
    agreement = measure_agreement(codecs, detector, work / 'frames', KEPT_ASIDE, show_progress)
    rows = agreement.rows()
    write_json(args.json, agreement.as_json())
    print_agreement(agreement)
    if args.report:
        names = ', '.join(map(name_of, args.source))
        write_text(args.report, render_agreement(
            f'{args.detector.name} on {len(agreement.frames)} frames of {names} with '
            f'{agreement.boxes} things.', rows,
            [(shown.caption, shown.jpeg) for shown in show_frames(codecs, agreement, detector)]))


def _judge_pictures(args: argparse.Namespace, codecs: Sequence[SeenCodec], frames: Path) -> None:
    from slim_split_ros.evaluation.agreement import evenly
    from slim_split_ros.evaluation.figures.picture_quality import PictureJudge, measure_pictures
    from slim_split_ros.networks.stored_weights import load_model
    from slim_split_ros.training.data.coco_folder import load_split
    from slim_split_ros.training.pseudo_labels import KEPT_ASIDE

    images = evenly(load_split(frames, KEPT_ASIDE).images, args.as_pictures)
    judge = PictureJudge(load_model(SHIPPED_MODEL).detector)
    rows = measure_pictures(codecs, images, judge, show_progress)
    write_json(args.json, {'pictures': rows})
    for row in rows:
        print('  '.join(f'{name} {value}' for name, value in row.items()))


def print_agreement(agreement: Agreement) -> None:
    """Print what each codec needs for some agreements, and whether that says anything."""
    from slim_split_ros.reports.agreement_page import NEEDED_COLUMNS, as_points, needed_rows
    from slim_split_ros.reports.page import Table
    from slim_split_ros.reports.text_table import lay_out

    print(lay_out(Table(NEEDED_COLUMNS, tuple(needed_rows(as_points(agreement.rows()))))))
    if agreement.boxes < FEW_THINGS:
        print(f'{len(agreement.frames)} frames with {agreement.boxes} thing(s) are too few to go '
              'by: give a longer --source, or one in which the detector finds more')
