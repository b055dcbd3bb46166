"""`evaluate`: accuracy, bytes and time of the codec and its rivals on a labelled data set."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
import json
from pathlib import Path
import sys

from slim_split_ros.weights import SHIPPED_MODEL, SHIPPED_RIVALS


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'evaluate', help='compare the codec with its rivals on a COCO-style data set',
        description='Measure bytes, encode time on one thread, AP50 and AP (pycocotools) on the '
                    'same pictures for every setting of the codecs: slim (this project), '
                    'paper, entropic, static and late (other split systems), jpeg, webp, none '
                    '(pictures as they are) and local (a small detector on the robot). Needs '
                    'torch.')
    parser.add_argument('--data', type=Path, required=True, metavar='DIR',
                        help='COCO-style data set')
    parser.add_argument('--split', default='val', help='split to measure on (default: val)')
    parser.add_argument('--codecs', metavar='LIST',
                        help='names with commas (default: all; the other split systems and '
                             'local need rivals.safetensors in the model folder or in a folder '
                             '`rivals` beside it)')
    parser.add_argument('--checkpoint', type=Path, default=SHIPPED_MODEL, metavar='DIR',
                        help='model folder (default: the shipped one)')
    parser.add_argument('--dump', type=Path, metavar='DIR',
                        help='leave the detections of each point in COCO result format')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures')
    parser.add_argument('--report', type=Path, metavar='FILE',
                        help='write a page with tables and plots (HTML)')


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the table, write the figures."""
    from slim_split_ros.evaluation.errors import EvaluationError
    from slim_split_ros.evaluation.evaluate import CODECS
    from slim_split_ros.networks.errors import NetworkError
    from slim_split_ros.training.errors import TrainingError
    from slim_split_ros.wire.errors import WireError

    asked = None if args.codecs is None else tuple(args.codecs.split(','))
    unknown = sorted(set(asked or ()) - set(CODECS))
    if unknown:
        print(f'evaluate: --codecs knows {", ".join(CODECS)}, not {", ".join(unknown)}',
              file=sys.stderr)
        return 2
    try:
        _evaluate(args, asked)
    except (EvaluationError, NetworkError, TrainingError, WireError) as error:
        print(f'evaluate: {error}', file=sys.stderr)
        return 1
    return 0


def _evaluate(args: argparse.Namespace, asked: tuple[str, ...] | None) -> None:
    from slim_split_ros.evaluation.evaluate import available_codecs, evaluate
    from slim_split_ros.evaluation.points import accuracy_row
    from slim_split_ros.evaluation.rivals import RIVALS, find_rivals, lack_of_rivals
    from slim_split_ros.evaluation.tables import text_table
    from slim_split_ros.reports.evaluation_summary import reaches, summary_lines
    from slim_split_ros.training.data.coco_folder import load_split
    from slim_split_ros.wire.manifest import load_manifest

    folder = args.checkpoint if args.checkpoint.is_dir() else args.checkpoint.parent
    manifest = load_manifest(folder)
    rivals = find_rivals(manifest, SHIPPED_RIVALS)
    if asked is None and rivals is None:
        print(f'evaluate: without {", ".join(RIVALS)}: {lack_of_rivals(manifest)}',
              file=sys.stderr)
    evaluation = evaluate(
        manifest, load_split(args.data, args.split), asked or available_codecs(rivals), rivals,
        args.dump, _progress)
    print(text_table(evaluation))
    figures = {
        'detector': accuracy_row(evaluation.detector),
        'jpeg80_ms': round(evaluation.jpeg_ms, 4),
        'points': [point.to_dict() for point in evaluation.points],
    }
    print(*summary_lines(reaches(figures['detector'], figures['points'])), sep='\n')
    if args.json:
        _write(args.json, json.dumps(figures, indent=1) + '\n')
    if args.report:
        from slim_split_ros.reports.evaluation_page import render_evaluation

        _write(args.report, render_evaluation(
            f'{args.data.name}, {args.split}', manifest.classes, **figures))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, 'utf-8')


def _progress(items: Iterable, name: str) -> Iterable:
    from tqdm import tqdm

    return tqdm(items, name, leave=False)
