"""`replay`: a bag through both sides without ROS, and what came of each frame."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
import json
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import time
from typing import TYPE_CHECKING

from slim_split_ros.commands.input_paths import input_path, name_of, printable_path
from slim_split_ros.commands.number_arguments import not_negative, number_from, share
from slim_split_ros.commands.output_paths import output_file, output_folder, write_json
from slim_split_ros.commands.width_argument import WidthError, check_width
from slim_split_ros.weights import DEFAULT_MODELS, model_folder
from slim_split_ros.wire.utf8 import is_utf8

if TYPE_CHECKING:
    import numpy as np

    from slim_split_ros.bags.replay.session import Replayed, ReplayPlan
    from slim_split_ros.bags.replay.shown_frames import ShownFrame
    from slim_split_ros.bags.replay.timing import TimedImage
    from slim_split_ros.reports.replay_page import ShownPicture
    from slim_split_ros.reports.replay_runs import FrameOfRun, ReplayRun
    from slim_split_ros.reports.rerun_file import RerunFile

_OUTPUT = 'out/replay'
PAGE, BAG = 'index.html', 'bag'
_NODE_FPS = 10.0
# As far as the controller goes.
_MOST_FPS = 1000.0


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Describe the command's arguments."""
    parser = subparsers.add_parser(
        'replay', help='run a bag through both sides without ROS and show what came of it',
        description='Runs the images of a bag (rosbag2 folder, .mcap, .db3, or .bag of ROS 1) '
                    'through the code of both nodes, on the time of the recording, and writes a '
                    'bag with features, detections, status and pictures, a page and figures. The '
                    'same bag gives the same bytes and the same detections.')
    parser.add_argument('bag', type=input_path, metavar='BAG', help='bag folder or file')
    parser.add_argument('--output', type=output_folder, default=_OUTPUT, metavar='DIR',
                        help=f'where page and bag go (default: {_OUTPUT})')
    parser.add_argument('--topic', default='', metavar='NAME',
                        help='which topic (default: the only one of images that is not depth)')
    parser.add_argument('--model', default=DEFAULT_MODELS['slim'], metavar='NAME|DIR',
                        help='name of a shipped model, or a model folder (default: '
                             '%(default)s)')
    parser.add_argument('--width', type=share, default=0.0, metavar='W',
                        help='pin the width: 0.25, 0.5, 0.75 or 1.0 (default: the policy chooses)')
    parser.add_argument('--rate', type=not_negative, default=0.0, metavar='X',
                        help='how much faster than recorded; 0: as fast as it goes (default: 0)')
    parser.add_argument('--link', type=printable_path, metavar='CSV',
                        help='trace of a radio link that frames, answers and reports cross')
    parser.add_argument('--target-fps', type=number_from(0.0, _MOST_FPS), metavar='F',
                        help='images offered a second at most; 0: all of them (default: 0, or '
                             f'{_NODE_FPS:g} with --link)')
    parser.add_argument('--alone', action='store_true',
                        help='only frames that decode without any other')
    parser.add_argument('--features', action='store_true',
                        help="the bag holds features: replay them through the server's side alone")
    parser.add_argument('--compare', type=printable_path, metavar='JSON',
                        help='figures of another replay, shown beside these')
    parser.add_argument('--json', type=output_file, metavar='FILE', help='write the figures')
    parser.add_argument('--rerun', type=output_file, metavar='FILE.rrd',
                        help='write pictures, boxes, bytes, width and times for Rerun (needs '
                             'rerun-sdk)')


def run(args: argparse.Namespace) -> int:
    """Replay, write what came of it, and print the figures."""
    from slim_split_ros.bags import BagError
    from slim_split_ros.control import ControlError
    from slim_split_ros.linklab import LinkLabError
    from slim_split_ros.offboard import OffboardError
    from slim_split_ros.onboard import OnboardError
    from slim_split_ros.wire import WireError

    if args.features and (args.link or args.width or args.rate or args.target_fps or args.alone):
        print('replay: --features replays frames as they were sent: --width, --rate, --link, '
              '--alone and --target-fps mean nothing there', file=sys.stderr)
        return 2
    try:
        _run(args)
    except WidthError as error:
        print(f'replay: {error}', file=sys.stderr)
        return 2
    except (BagError, ControlError, LinkLabError, OffboardError, OnboardError, WireError) as error:
        print(f'replay: {error}', file=sys.stderr)
        return 1
    return 0


def _run(args: argparse.Namespace) -> None:
    from slim_split_ros.bags.replay.session import replay_images, replay_recorded
    from slim_split_ros.reports.rerun_file import RerunFile

    other = None if args.compare is None else _read_other(args.compare)
    plan = _plan(args)
    title = f'replay of {name_of(args.bag)}'
    with (_room(args.output, args.bag) as bag,
          nullcontext() if args.rerun is None else RerunFile(args.rerun, title) as timeline):
        on_picture = None if timeline is None else timeline.add_picture
        if args.features:
            replayed = replay_recorded(plan, bag, _show_progress, on_picture)
        else:
            replayed = replay_images(
                plan, bag, lambda images: _pace(images, args.rate), _show_progress, on_picture)
        figures = _figures(args, plan, replayed)
        if timeline is not None:
            _add_frames(timeline, figures)
    for note in replayed.notes:
        print(f'replay: {note}', file=sys.stderr)
    write_json(args.json, figures)
    page = _write_page(args.output, figures, other, replayed, plan.manifest.classes)
    print(f'Bag: {bag}\nPage: {page}')
    if args.rerun is not None:
        print(f'Rerun: {args.rerun}')


def _plan(args: argparse.Namespace) -> ReplayPlan:
    from slim_split_ros.bags.replay.session import ReplayPlan
    from slim_split_ros.control import unmeasured_points
    from slim_split_ros.linklab import LivePath, read_trace
    from slim_split_ros.weights.operating_point_file import find_operating_points
    from slim_split_ros.wire import load_manifest

    manifest = load_manifest(model_folder(args.model))
    points = find_operating_points(manifest) or unmeasured_points(
        entry.width for entry in manifest.widths)
    check_width(args.width, points)
    target_fps = args.target_fps
    if target_fps is None:
        target_fps = 0.0 if args.link is None else _NODE_FPS
    # One seed: the same bag over the same trace loses the same datagrams.
    path = None if args.link is None else LivePath(read_trace(args.link), seed=0)
    return ReplayPlan(args.bag, args.topic, manifest, points, args.width, target_fps,
                      args.alone, path)


@contextmanager
def _room(folder: Path, source: Path) -> Iterator[Path]:
    """Give where the bag is made; it takes the place of an earlier replay's once it is whole."""
    import shutil

    from slim_split_ros.bags import BagError

    if not is_utf8(str(source)):  # no page could name it
        raise BagError(f'{str(source)!r} is not written in UTF-8: rename the file or folder')
    folder.mkdir(parents=True, exist_ok=True)
    bag = folder / BAG
    if bag.is_symlink():
        raise BagError(f'{bag} is a link, and the bag of this replay goes there: name another '
                       'folder with --output')
    if bag.exists():
        if source.resolve().is_relative_to(bag.resolve()):
            raise BagError(f'{source} lies where the bag of this replay goes: name another folder '
                           'with --output')
        if not {path.name for path in bag.iterdir()} <= {f'{BAG}.mcap', 'metadata.yaml'}:
            raise BagError(f'{bag} holds something else than the bag of a replay: name another '
                           'folder with --output')
    with TemporaryDirectory(prefix='.new-', dir=folder) as new:
        yield Path(new) / BAG
        if bag.exists():
            shutil.rmtree(bag)
        (Path(new) / BAG).rename(bag)


def _pace(images: Iterator[TimedImage], rate: float) -> Iterator[TimedImage]:
    """Hold each image back until its time has come, `rate` times faster than recorded."""
    started_s = time.monotonic()
    for image in images:
        if rate:
            time.sleep(max(0.0, started_s + image.due_s / rate - time.monotonic()))
        yield image


def _show_progress(steps: Iterator[None]) -> Iterator[None]:
    from tqdm import tqdm

    # A file that the output goes to would otherwise get hundreds of lines.
    yield from tqdm(steps, desc='replaying', unit=' events', leave=False,
                    disable=not sys.stderr.isatty())


def _figures(args: argparse.Namespace, plan: ReplayPlan, replayed: Replayed) -> dict:
    return {
        'bag': str(args.bag), 'topic': replayed.topic, 'model': plan.manifest.folder.name,
        'fingerprint': f'{plan.manifest.fingerprint:016x}', 'width': args.width or None,
        'target_fps': plan.target_fps or None,
        'link': None if args.link is None else args.link.name,
        'seconds': round(replayed.seconds, 3), 'notes': list(replayed.notes),
        **replayed.record.figures.as_json()}


def _add_frames(timeline: RerunFile, figures: dict) -> None:
    from slim_split_ros.reports.replay_runs import read_run
    from slim_split_ros.reports.rerun_file import logged_frame

    for frame in read_run('this run', figures).frames:
        timeline.add_frame(logged_frame(frame))


def _read_other(path: Path) -> ReplayRun:
    from slim_split_ros.bags import BagError
    from slim_split_ros.reports.replay_runs import read_run

    try:
        return read_run(path.stem, json.loads(path.read_text(encoding='utf-8')))
    except (ValueError, RecursionError, OSError) as error:
        raise BagError(f'{path} cannot be compared with ({error}): give a file that '
                       '`replay --json` wrote') from error


def _write_page(
    folder: Path, figures: dict, other: ReplayRun | None, replayed: Replayed,
    classes: tuple[str, ...],
) -> Path:
    # matplotlib's list of fonts: generated things stay in the output folder.
    os.environ.setdefault('MPLCONFIGDIR', str(folder.resolve() / 'matplotlib'))
    from slim_split_ros.reports.replay_page import render_replay, run_table
    from slim_split_ros.reports.replay_runs import read_run
    from slim_split_ros.reports.text_table import lay_out

    runs = [read_run('this run', figures), *([] if other is None else [other])]
    print(lay_out(run_table(runs)))
    page = folder / PAGE
    page.write_text(render_replay(runs, _pictures(runs, replayed, classes), replayed.notes),
                    encoding='utf-8')
    return page


def _pictures(
    runs: list[ReplayRun], replayed: Replayed, classes: tuple[str, ...]
) -> list[ShownPicture]:
    """Return of each frame what was found in every run, and what the server rebuilt."""
    from slim_split_ros.bags.replay.shown_frames import as_jpeg
    from slim_split_ros.reports.replay_page import ShownPicture

    by_stamp = [_by_stamp(run) for run in runs]
    pictures = []
    for shown in replayed.record.shown.frames():
        for run, frames in zip(runs, by_stamp, strict=True):
            frame = frames.get(shown.stamp_ns)
            if shown.camera is not None and frame is not None:
                pictures.append(ShownPicture(
                    _draw(shown, shown.camera, frame, classes), _caption(run, frame)))
        if shown.rebuilt is not None and shown.camera is not None:
            pictures.append(ShownPicture(as_jpeg(shown.rebuilt), 'as the server rebuilt it'))
        elif shown.rebuilt is not None:
            frame = by_stamp[0].get(shown.stamp_ns)
            if frame is not None:
                pictures.append(ShownPicture(
                    _draw(shown, shown.rebuilt, frame, classes), _caption(runs[0], frame)))
    return pictures


def _by_stamp(run: ReplayRun) -> dict[int, FrameOfRun]:
    """Return the frames that their stamps tell apart from all others."""
    counts = Counter(frame.stamp_ns for frame in run.frames)
    return {frame.stamp_ns: frame for frame in run.frames if counts[frame.stamp_ns] == 1}


def _draw(
    shown: ShownFrame, pixels: np.ndarray, frame: FrameOfRun, classes: tuple[str, ...]
) -> bytes:
    from slim_split_ros.bags.replay.shown_frames import draw_boxes

    found = frame.found
    return draw_boxes(
        pixels, [item.box for item in found], [item.name for item in found],
        [item.score for item in found], shown.image_width, classes)


def _caption(run: ReplayRun, frame: FrameOfRun) -> str:
    if frame.width is None:
        return f'{run.name}, {frame.captured_s:.1f} s: not sent ({frame.fate})'
    return (f'{run.name}, {frame.captured_s:.1f} s: width {frame.width:.2f}, '
            f'{frame.message_bytes:,} bytes, {frame.fate}')
