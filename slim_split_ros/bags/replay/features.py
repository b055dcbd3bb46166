"""Features recorded in the field: read from a bag, and through the server's side alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from slim_split_ros.bags.definitions import FEATURES, message_store
from slim_split_ros.bags.errors import BagError
from slim_split_ros.bags.files import find_files
from slim_split_ros.bags.replay.events import FrameRefused, FrameServed, refusal
from slim_split_ros.bags.replay.run import decode_next
from slim_split_ros.bags.storages import CDR, Topic, open_storage
from slim_split_ros.offboard import FrameDecoder, OffboardError, Received, Reception
from slim_split_ros.wire import Frame, WireError, encoded_frame_bytes, read_frame
from slim_split_ros.wire.authentication import without_tag

_S_PER_NS = 1e-9


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """Hold a frame of a bag, and when it was recorded, nanoseconds since 1970."""

    recorded_ns: int
    frame: Frame
    message_bytes: int


def find_features_topic(bag: Path, topic: str = '') -> str:
    """Return the topic of features that is meant; BagError for none, or for several."""
    names = sorted({found.name for file in find_files(bag) for found in _topics_in(file)})
    if not names:
        raise BagError(f'{bag}: no features: no topic is of {FEATURES}; without --features its '
                       'images are replayed')
    if topic and topic not in names:
        raise BagError(f'{bag}: no features on {topic}; there are some on {", ".join(names)}')
    if not topic and len(names) > 1:
        raise BagError(f'{bag}: features are on {", ".join(names)}: name one of these with '
                       '--topic')
    return topic or names[0]


def read_features(
    bag: Path, topic: str, warn: Callable[[str], None]
) -> Iterator[RecordedFrame]:
    """Yield the frames of a topic; `warn` is told of each message that is none."""
    parse = message_store().deserialize_cdr
    for file in find_files(bag):
        with open_storage(file) as storage:
            for found in (item for item in _features_of(storage.topics()) if item.name == topic):
                for raw in storage.messages(found):
                    try:
                        frame = read_frame(parse(raw.data, FEATURES))
                    except WireError as error:
                        warn(str(error))
                        continue
                    # The border to the parser: other bytes raise whatever they happen to.
                    except Exception:
                        warn(f'{topic}: the message of {raw.recorded_ns} ns is no {FEATURES} of '
                             'this version: replay it with the version that recorded it')
                        continue
                    # Who made it was for the server to ask, which may have had the key.
                    yield RecordedFrame(raw.recorded_ns, without_tag(frame), encoded_frame_bytes(
                        frame.header.frame_id, len(frame.payload)))


@dataclass(frozen=True, slots=True)
class FrameCame:
    """Say that a recorded frame reaches the server's side."""

    now_s: float
    recorded: RecordedFrame


def replay_features(
    frames: Iterator[RecordedFrame], reception: Reception, decoder: FrameDecoder
) -> Iterator[FrameCame | FrameServed | FrameRefused]:
    """Yield each frame, and what the server's side does with it as it comes."""
    origin_ns, now_s = None, 0.0
    for recorded in frames:
        origin_ns = recorded.recorded_ns if origin_ns is None else origin_ns
        now_s = max(now_s, (recorded.recorded_ns - origin_ns) * _S_PER_NS)
        yield FrameCame(now_s, recorded)
        received = Received(recorded.frame, recorded.message_bytes, now_s)
        header = recorded.frame.header
        try:
            dropped = reception.receive(received)
        except (WireError, OffboardError) as error:
            yield refusal(now_s, header, error)
            continue
        taken, _ = reception.next_frame(now_s)
        if taken is None:
            yield FrameRefused(now_s, header, dropped.value if dropped else '')
            continue
        yield decode_next(taken, now_s, reception, decoder)
        reception.served(taken, now_s)


def _topics_in(file: Path) -> list[Topic]:
    with open_storage(file) as storage:
        return _features_of(storage.topics())


def _features_of(topics: set[Topic]) -> list[Topic]:
    return [topic for topic in topics if topic.kind == FEATURES and topic.coding == CDR]
