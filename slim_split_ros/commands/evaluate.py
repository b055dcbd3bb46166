"""`evaluate`: accuracy, bytes and time of the codec and its rivals on a labelled data set."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from slim_split_ros.commands.agreement import add_arguments, evaluate_agreement, given
from slim_split_ros.commands.input_paths import name_of, printable_path
from slim_split_ros.commands.number_arguments import at_least_one
from slim_split_ros.commands.output_paths import output_file, output_folder, write_json, write_text
from slim_split_ros.commands.video_clips import CLIP_S, parse_seeds, render_clips
from slim_split_ros.weights import SHIPPED_MODEL, SHIPPED_RIVALS, model_path

if TYPE_CHECKING:
    from slim_split_ros.evaluation.evaluate import Evaluation
    from slim_split_ros.training.data.coco_folder import CocoSplit
    from slim_split_ros.wire.manifest import Manifest

HALVES = ('choose', 'judge')

DEFAULT_SPLIT = 'val'


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'evaluate', help='compare the codec with its rivals on a COCO-style data set',
        description='Measure bytes, encode time on one thread, AP50 and AP (pycocotools) on the '
                    'same pictures for every setting of the codecs: slim (this project), '
                    'paper, entropic, static and late (other split systems), jpeg, webp, h264 '
                    '(key frames by libx264; needs PyAV), none (pictures as they are) and local '
                    '(a small detector on the robot). Needs torch.')
    parser.add_argument('--data', type=printable_path, metavar='DIR', help='COCO-style data set')
    parser.add_argument('--split', help=f'split to measure on (default: {DEFAULT_SPLIT})')
    parser.add_argument('--half', choices=HALVES,
                        help='only the pictures of the half of the split that thresholds and '
                             'tables are chosen on, or of the half that judges them; no day of '
                             'recording is in both')
    parser.add_argument('--pictures', type=at_least_one, metavar='N',
                        help='about N pictures, spread evenly (default: all)')
    parser.add_argument('--video', nargs='?', type=parse_seeds, const=(), metavar='SEEDS',
                        help='measure as video, beside plain H.264 as video (needs PyAV): clips '
                             f'of {CLIP_S:g} s of the simulated halls of these seeds, with '
                             'commas, or of --data, whose images then have "timestamp" in '
                             'seconds, and "sequence" where there are several clips')
    parser.add_argument('--codecs', metavar='LIST',
                        help='names with commas (default: all; the other split systems and '
                             'local need rivals.safetensors in the model folder or in a folder '
                             '`rivals` beside it)')
    parser.add_argument('--checkpoint', type=model_path, metavar='NAME|DIR',
                        help='name of a shipped model, or a model folder (default: robocup; '
                             'with --detector: general)')
    parser.add_argument('--dump', type=output_folder, metavar='DIR',
                        help='leave the detections of each point in COCO result format')
    parser.add_argument('--json', type=output_file, metavar='FILE', help='write the figures')
    parser.add_argument('--report', type=output_file, metavar='FILE',
                        help='write a page with tables and plots (HTML)')
    add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the table, write the figures."""
    from slim_split_ros.evaluation.errors import EvaluationError
    from slim_split_ros.evaluation.evaluate import CODECS
    from slim_split_ros.evaluation.evaluate_video import VIDEO_CODECS
    from slim_split_ros.networks.errors import NetworkError
    from slim_split_ros.onboard import OnboardError
    from slim_split_ros.simulation.errors import SimulationError
    from slim_split_ros.training.errors import TrainingError
    from slim_split_ros.wire.errors import WireError

    if args.detector or args.source:
        return evaluate_agreement(args)
    if needless := given(args, 'as_pictures', 'topic'):
        print(f'evaluate: {needless} goes with --detector and --source', file=sys.stderr)
        return 2
    if args.video is not None and args.pictures:
        print('evaluate: --pictures would leave holes in --video: leave it out', file=sys.stderr)
        return 2
    args.checkpoint, args.split = args.checkpoint or SHIPPED_MODEL, args.split or DEFAULT_SPLIT
    known = CODECS if args.video is None else VIDEO_CODECS
    asked = None if args.codecs is None else tuple(args.codecs.split(','))
    unknown = sorted(set(asked or ()) - set(known))
    if unknown:
        print(f'evaluate: --codecs knows {", ".join(known)}, not {", ".join(unknown)}',
              file=sys.stderr)
        return 2
    if bool(args.video) == (args.data is not None):
        print('evaluate: name what to measure on: --data DIR, --video SEEDS or --video '
              '--data DIR' if not args.video else
              'evaluate: --video SEEDS draws its own clips: leave out either the seeds or --data',
              file=sys.stderr)
        return 2
    try:
        with TemporaryDirectory() as clips:
            _evaluate(args, asked, Path(clips))
    except (EvaluationError, NetworkError, OnboardError, SimulationError, TrainingError,
            WireError) as error:
        print(f'evaluate: {error}', file=sys.stderr)
        return 1
    return 0


def _evaluate(args: argparse.Namespace, asked: tuple[str, ...] | None, clips: Path) -> None:
    from slim_split_ros.evaluation.figures.points import accuracy_row
    from slim_split_ros.evaluation.figures.tables import text_table
    from slim_split_ros.reports.evaluation_summary import reaches, summary_lines
    from slim_split_ros.wire.manifest import load_manifest

    folder = args.checkpoint if args.checkpoint.is_dir() else args.checkpoint.parent
    manifest = load_manifest(folder)
    split = _find_split(args, clips)
    evaluation = (_measure_stills if args.video is None else _measure_video)(
        manifest, split, asked, args.dump)
    print(text_table(evaluation))
    data = _describe(args, split)
    figures = {
        'detector': accuracy_row(evaluation.detector),
        'jpeg80_ms': round(evaluation.jpeg_ms, 4),
        'points': [point.to_dict() for point in evaluation.points],
        'maps': [asdict(share) for share in evaluation.maps],
    }
    draws = evaluation.draws()
    print(*summary_lines(reaches(figures['detector'], figures['points'], draws)), sep='\n')
    write_json(args.json, {'data': data, **figures})
    if args.report:
        from slim_split_ros.reports.evaluation_page import render_evaluation

        write_text(args.report, render_evaluation(
            data['name'], manifest.classes, **figures, draws=draws))


def _find_split(args: argparse.Namespace, clips: Path) -> CocoSplit:
    """Return what is measured on; simulated clips are written into `clips`."""
    from slim_split_ros.training.data.coco_folder import load_split
    from slim_split_ros.training.data.recordings import take_half, thin_out

    split = (render_clips(clips, args.video) if args.video
             else load_split(args.data, args.split))
    if args.half:
        split = take_half(split, args.half)
    return thin_out(split, args.pictures) if args.pictures else split


def _describe(args: argparse.Namespace, split: CocoSplit) -> dict[str, Any]:
    """Return what a reader needs to measure the same again."""
    recordings = sorted({image.recording for image in split.images} - {''})
    name = (f'simulated halls {", ".join(map(str, args.video))}' if args.video
            else f'{name_of(args.data)}, {args.split}')
    if args.half:
        name += f', the half that {"chooses" if args.half == "choose" else "judges"}'
    return {'name': name, 'half': args.half, 'pictures': len(split.images),
            'long_side': max(max(image.width, image.height) for image in split.images),
            'recordings': recordings, 'video': args.video is not None}


def _measure_stills(manifest: Manifest, split: CocoSplit, asked: tuple[str, ...] | None,
                    dump: Path | None) -> Evaluation:
    from slim_split_ros.coders import why_no_video_encoding
    from slim_split_ros.evaluation.codecs.rivals import RIVALS, find_rivals, lack_of_rivals
    from slim_split_ros.evaluation.evaluate import available_codecs, evaluate
    from slim_split_ros.wire.manifest import load_manifest

    # They were trained beside the detector of that model.
    is_theirs = manifest.fingerprint == load_manifest(SHIPPED_MODEL).fingerprint
    rivals = find_rivals(manifest, SHIPPED_RIVALS if is_theirs else None)
    if asked is None and rivals is None:
        print(f'evaluate: without {", ".join(RIVALS)}: {lack_of_rivals(manifest)}',
              file=sys.stderr)
    if asked is None and why_no_video_encoding():
        print(f'evaluate: without h264: {why_no_video_encoding()}', file=sys.stderr)
    return evaluate(manifest, split, asked or available_codecs(rivals), rivals, dump, _progress)


def _measure_video(manifest: Manifest, split: CocoSplit, asked: tuple[str, ...] | None,
                   dump: Path | None) -> Evaluation:
    from slim_split_ros.coders import why_no_video_encoding
    from slim_split_ros.evaluation.evaluate_video import available_video_codecs, evaluate_video

    if asked is None and why_no_video_encoding():
        print(f'evaluate: without h264_video: {why_no_video_encoding()}', file=sys.stderr)
    return evaluate_video(manifest, split, asked or available_video_codecs(), dump, _progress)


def _progress(items: Iterable, name: str) -> Iterable:
    from tqdm import tqdm

    return tqdm(items, name, leave=False)
