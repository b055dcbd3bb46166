"""A replay put together: both sides of a model, the path between them, the bag it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
import os
from pathlib import Path
import time

from slim_split_ros.bags.errors import BagError
from slim_split_ros.bags.read import find_image_topic, read_images
from slim_split_ros.bags.replay.clock import ReplayClock, TableTimedEncoder
from slim_split_ros.bags.replay.features import find_features_topic, read_features, replay_features
from slim_split_ros.bags.replay.figures import ReplayFigures
from slim_split_ros.bags.replay.record import OnPicture, ReplayRecord
from slim_split_ros.bags.replay.results import ResultsBag
from slim_split_ros.bags.replay.run import DirectPath, Far, LinkPath, Robot, replay
from slim_split_ros.bags.replay.serve import ServerPool
from slim_split_ros.bags.replay.timing import BagTiming, TimedImage
from slim_split_ros.control import ControlSettings, OperatingPoints, WidthController
from slim_split_ros.offboard import FrameDecoder, Reception, load_server
from slim_split_ros.onboard import FrameEncoder, Sender
from slim_split_ros.wire import Manifest
from slim_split_ros.wire.fields import MOST_TIME_NS

# The link lab's: docs/control.md.
LINK_SERVER_S = 0.025
_THRESHOLD = 0.3
# Each is a model in memory; more than these wait for the decoding, which is one thread's.
_MOST_SERVERS = 4
# Without a pace of its own the controller is told the highest that the node takes.
_EVERY_IMAGE_FPS = 60.0
# The same in every replay, as is everything else that is random in a node.
_RECEIVER_ID = 1


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """
    Hold what to replay; `path` None is a link that carries everything at once.

    `points` are the model's; a width of 0.0 lets the policy choose, `target_fps` 0.0 offers
    every image; with `alone` every frame decodes without another.
    """

    bag: Path
    topic: str
    manifest: Manifest
    points: OperatingPoints
    width: float = 0.0
    target_fps: float = 0.0
    alone: bool = False
    path: LinkPath | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """Hold what a replay left; `seconds` it took, without loading the model."""

    topic: str
    record: ReplayRecord
    notes: tuple[str, ...]
    seconds: float


# What stands between the images and their replay: nothing, or somebody who waits for their time.
Pace = Callable[[Iterator[TimedImage]], Iterator[TimedImage]]
Progress = Callable[[Iterator[None]], Iterable[None]]


def replay_images(
    plan: ReplayPlan, output: Path, pace: Pace, progress: Progress,
    on_picture: OnPicture | None = None,
) -> Replayed:
    """Run a bag's images through both sides; BagError if none is read, and the rooms' errors."""
    topic = find_image_topic(plan.bag, plan.topic)
    left_out = _LeftOut()
    images = read_images(plan.bag, topic, left_out.add)
    first = next(images)
    clock = ReplayClock()
    frame_encoder = FrameEncoder(plan.manifest)
    points = plan.points.only(frame_encoder.coders)
    controller = WidthController(points, ControlSettings(
        target_fps=plan.target_fps or _EVERY_IMAGE_FPS, pinned_width=plan.width,
        alone=plan.alone))
    encoder = TableTimedEncoder(frame_encoder, points, clock)
    sender = Sender(
        encoder, controller, plan.manifest.fingerprint,
        min(max(0, first.recorded_ns), MOST_TIME_NS), clock)
    robot = Robot(sender, controller, encoder, clock, plan.target_fps)
    reception = Reception(plan.manifest, _RECEIVER_ID)
    decoder = FrameDecoder(plan.manifest)
    far = Far(reception, decoder, DirectPath()) if plan.path is None else Far(
        reception, decoder, plan.path, LINK_SERVER_S)
    pool = _pool(plan.manifest)
    timing = BagTiming()
    with ResultsBag(output, plan.manifest.classes) as bag:
        figures = ReplayFigures(plan.manifest.classes, has_link=plan.path is not None)
        record = ReplayRecord(figures, bag, _THRESHOLD, controller, on_picture)
        started_s = time.perf_counter()
        timed = pace(timing.times(chain([first], images)))
        for _ in progress(record.take(pool.answer(replay(timed, robot, far)))):
            pass
        seconds = time.perf_counter() - started_s
    faults = record.notes()
    if faults and not any(row.width is not None for row in record.figures.rows):
        raise BagError(f'{plan.bag}: no image on {topic} could be sent: {faults[0]}')
    return Replayed(topic, record, (*left_out.notes(), *timing.notes(), *faults), seconds)


def replay_recorded(
    plan: ReplayPlan, output: Path, progress: Progress, on_picture: OnPicture | None = None
) -> Replayed:
    """Run the features of a bag through the server's side; raise BagError if none is served."""
    topic = find_features_topic(plan.bag, plan.topic)
    reception = Reception(plan.manifest, _RECEIVER_ID)
    pool = _pool(plan.manifest)
    left_out = _LeftOut()
    with ResultsBag(output, plan.manifest.classes) as bag:
        figures = ReplayFigures(plan.manifest.classes, has_link=False)
        record = ReplayRecord(figures, bag, _THRESHOLD, on_picture=on_picture)
        started_s = time.perf_counter()
        frames = read_features(plan.bag, topic, left_out.add)
        for _ in progress(record.take(pool.answer(replay_features(
                frames, reception, FrameDecoder(plan.manifest))))):
            pass
        seconds = time.perf_counter() - started_s
    notes = (*left_out.notes(), *record.notes())
    if not any(row.fate == 'answered' for row in record.figures.rows):
        raise BagError(f'{plan.bag}: no frame on {topic} was served: '
                       f'{notes[0] if notes else "there is none"}')
    return Replayed(topic, record, notes, seconds)


def _pool(manifest: Manifest) -> ServerPool:
    count = min(_MOST_SERVERS, len(os.sched_getaffinity(0)))
    servers = [load_server(manifest, 'cpu', threads=1) for _ in range(count)]
    return ServerPool(servers, _THRESHOLD)


class _LeftOut:
    """Count the messages that cannot be read, and remember what was said of the first."""

    def __init__(self) -> None:
        self._first = ''
        self._count = 0

    def add(self, sentence: str) -> None:
        self._first = self._first or sentence
        self._count += 1

    def notes(self) -> list[str]:
        if not self._count:
            return []
        more = f' ({self._count} like it)' if self._count > 1 else ''
        return [f'{self._first}{more}: left out']
