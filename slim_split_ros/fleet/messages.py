"""
What a node asks a replica and what it hears: plain bytes, checked by whoever reads them.

Nothing is pickled, so that versions, languages and hostile neighbours meet a format and no code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
import struct

import numpy as np

from slim_split_ros.fleet.errors import MessageError, RefusedError
from slim_split_ros.offboard import (
    Detections,
    FingerprintMismatchError,
    FrameMismatchError,
    ReferenceLostError,
    Served,
    VideoMissingError,
)
from slim_split_ros.wire import ChecksumError, FieldError, Frame, PayloadError
from slim_split_ros.wire.frame_bytes import pack_frame, unpack_frame

# Of these bytes; a replica of another one is not used.
PROTOCOL = 1
_MOST_BLOCKS = 64
# Deadline, threshold, detections at most, key, whether pictures are wanted, whether it is video.
_REQUEST = struct.Struct('<ddHQ??')
# Outcome, whether it was decoded, seconds of service, frames of the batch, detections, height and
# width of the picture.
_ANSWER = struct.Struct('<B?dHIII')
_BOX_BYTES, _SCORE_BYTES, _LABEL_BYTES, _PIXEL_BYTES = 16, 4, 8, 3
# What frames are refused for, by the name that travels.
_REFUSALS: dict[str, type[Exception]] = {kind.__name__: kind for kind in (
    FingerprintMismatchError, FrameMismatchError, ReferenceLostError, VideoMissingError,
    ChecksumError, PayloadError, FieldError)}


class Outcome(Enum):
    """
    Say what became of a request.

    SERVED, LATE (skipped after its deadline) and REFUSED are a replica's words; BUSY (the queue
    is full) and LOST (the replica is gone, or did not answer in time) are said on its behalf.
    """

    SERVED = 0
    LATE = 1
    REFUSED = 2
    BUSY = 3
    LOST = 4


@dataclass(frozen=True, slots=True)
class Request:
    """
    Hold a frame to serve, and before it those of video that it may lean on, oldest first.

    `deadline_s` is Unix time, on clocks that agree as ROS needs them to; `key` names the robot at
    its node, whose video one replica keeps.
    """

    frame: Frame
    earlier: tuple[Frame, ...]
    deadline_s: float
    score_threshold: float
    max_detections: int
    with_picture: bool
    is_video: bool
    key: int


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """
    Hold what became of a frame; `served` where it was, else a sentence and what raised it.

    `service_s` is the frame's part of the time that its batch of `together` frames took at the
    `replica`.
    """

    outcome: Outcome
    service_s: float = 0.0
    served: Served | None = None
    is_decoded: bool = False
    sentence: str = ''
    error: str = ''
    replica: str = ''
    together: int = 0

    @property
    def refusal(self) -> Exception:
        """Return the error that a server in this process would have raised."""
        return _REFUSALS.get(self.error, RefusedError)(self.sentence)


def pack_request(request: Request) -> bytes:
    """Return a request as bytes."""
    head = _REQUEST.pack(
        request.deadline_s, request.score_threshold, request.max_detections, request.key,
        request.with_picture, request.is_video)
    return _join([head, *map(pack_frame, (*request.earlier, request.frame))])


def unpack_request(data: bytes) -> Request:
    """Return a request; raise MessageError or WireError for bytes that are none."""
    head, *frames = _split(data)
    if len(head) != _REQUEST.size or not frames:
        raise MessageError(f'a request has {len(frames)} frames and a head of {len(head)} bytes')
    deadline_s, score_threshold, max_detections, key, with_picture, is_video = _REQUEST.unpack(
        head)
    *earlier, frame = map(unpack_frame, frames)
    return Request(frame, tuple(earlier), deadline_s, score_threshold, max_detections,
                   with_picture, is_video, key)


def video_key(data: bytes) -> int | None:
    """Return whose video a packed request holds, None where any replica can serve it."""
    head = _split(data)[0]
    if len(head) != _REQUEST.size:
        raise MessageError(f'the head of a request has {len(head)} bytes')
    *_, key, _, is_video = _REQUEST.unpack(head)
    return key if is_video else None


def pack_answer(answer: Answer) -> bytes:
    """Return an answer as bytes."""
    served = answer.served
    boxes = scores = labels = picture = problem = b''
    count = height = width = 0
    if served:
        found = served.detections
        count, problem = len(found.scores), served.problem.encode()
        boxes = np.ascontiguousarray(found.boxes, '<f4').tobytes()
        scores = np.ascontiguousarray(found.scores, '<f4').tobytes()
        labels = np.ascontiguousarray(found.labels, '<i8').tobytes()
        if served.picture is not None:
            height, width = served.picture.shape[:2]
            picture = np.ascontiguousarray(served.picture).tobytes()
    head = _ANSWER.pack(
        answer.outcome.value, answer.is_decoded, answer.service_s, answer.together, count, height,
        width)
    return _join([head, boxes, scores, labels, picture, problem,
                  answer.sentence.encode(), answer.error.encode(), answer.replica.encode()])


def unpack_answer(data: bytes, classes: int) -> Answer:
    """Return an answer whose labels are below `classes`; raise MessageError for what is none."""
    try:
        head, boxes, scores, labels, picture, *words = _split(data)
        outcome, is_decoded, service_s, together, count, height, width = _ANSWER.unpack(head)
        problem, sentence, error, replica = (str(word, 'utf-8') for word in words)
        outcome = Outcome(outcome)
    except (ValueError, struct.error) as mistake:
        raise MessageError(f'an answer of {len(data)} bytes is none: {mistake}') from mistake
    if not 0.0 <= service_s < float('inf'):
        raise MessageError(f'an answer says that a frame took {service_s} s')
    if outcome is not Outcome.SERVED:
        return Answer(
            outcome, service_s, None, is_decoded, sentence, error, replica, together)
    sizes = (count * _BOX_BYTES, count * _SCORE_BYTES, count * _LABEL_BYTES,
             height * width * _PIXEL_BYTES)
    if sizes != (len(boxes), len(scores), len(labels), len(picture)):
        raise MessageError(
            f'an answer of {count} boxes and a picture of {width}x{height} has other sizes')
    found = Detections(
        np.frombuffer(boxes, '<f4').reshape(count, 4), np.frombuffer(scores, '<f4'),
        np.frombuffer(labels, '<i8'))
    if not (np.isfinite(found.boxes).all() and np.isfinite(found.scores).all()
            and np.all((found.labels >= 0) & (found.labels < classes))):
        raise MessageError(f'an answer has boxes that are not finite, or labels over {classes}')
    pixels = (np.frombuffer(picture, np.uint8).reshape(height, width, 3) if picture.nbytes
              else None)
    return Answer(
        outcome, service_s, Served(found, pixels, problem), is_decoded, replica=replica,
        together=together)


def lost(sentence: str) -> Answer:
    """Return the answer to a request that nobody will answer."""
    return Answer(Outcome.LOST, sentence=sentence)


def _join(blocks: Sequence[bytes]) -> bytes:
    sizes = [len(block) for block in blocks]
    return b''.join([struct.pack(f'<B{len(sizes)}I', len(sizes), *sizes), *blocks])


def _split(data: bytes) -> list[memoryview]:
    number = data[0] if data else 0
    start = struct.calcsize(f'<B{number}I')
    if not 0 < number <= _MOST_BLOCKS or len(data) < start:
        raise MessageError(f'{len(data)} bytes say that they are {number} blocks')
    sizes = struct.unpack_from(f'<{number}I', data, 1)
    if start + sum(sizes) != len(data):
        raise MessageError(f'{len(data)} bytes say that they are {start + sum(sizes)}')
    view, blocks = memoryview(data), []
    for size in sizes:
        blocks.append(view[start:start + size])
        start += size
    return blocks

