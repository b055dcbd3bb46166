"""The compact answer to a frame: 12 bytes a box, packed by the server and checked by the robot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
import zlib

import numpy as np

from slim_split_ros.wire.errors import FieldError
from slim_split_ros.wire.fields import (
    MOST_TIME_NS,
    UINT16,
    UINT32,
    check_integer,
)
from slim_split_ros.wire.header import FrameHeader

# What an answer may hold.
MOST_DETECTIONS = 1000
# Open Images has 600 classes, LVIS 1,203.
MOST_CLASSES = 10_000
MOST_NAME_BYTES = 256
_CORNERS = 4


@dataclass(frozen=True, slots=True, eq=False)
class AnswerData:
    """
    Hold a checked answer to one frame of a sender.

    `corners` uint16 (n, 4): left, top, right, bottom in 65,535ths of the image's sides; `scores`
    uint16 (n,) in 65,535ths; `labels` uint16 (n,). `class_names` tells by `seal_names` what the
    labels mean. Raises FieldError naming the field that is out of range.
    """

    sender_start_ns: int
    stamp_ns: int
    sequence: int
    class_names: int
    corners: np.ndarray
    scores: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        """Check each field against the range of its type in the message and its meaning."""
        check_integer('sender_start_ns', self.sender_start_ns, 0, MOST_TIME_NS)
        check_integer('stamp_ns', self.stamp_ns, 0, MOST_TIME_NS)
        check_integer('sequence', self.sequence, 0, UINT32)
        check_integer('class_names', self.class_names, 0, UINT32)
        if (self.corners[:, :2] > self.corners[:, 2:]).any():
            raise FieldError('corners have a left or top behind the right or bottom')

    def boxes(self, image_width: int, image_height: int) -> np.ndarray:
        """Return float32 (n, 4): x, y, w, h in pixels of an image of this size."""
        sides = np.array([image_width, image_height] * 2, np.float32)
        corners = self.corners * (sides / UINT16)
        return np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]]).astype(np.float32)


def pack_answer(
    header: FrameHeader, boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray,
    class_names: int,
) -> AnswerData:
    """
    Pack what was found in a frame; boxes (n, 4) as x, y, w, h in pixels of its image, inside it.

    A corner moves by half a 65,535th of the side at most: 0.005 pixels of 640.
    """
    sides = np.array([header.geometry.image_width, header.geometry.image_height] * 2)
    corners = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
    return AnswerData(
        header.sender_start_ns, header.stamp_ns, header.sequence, class_names,
        _in_shares(corners / sides), _in_shares(scores), labels.astype(np.uint16))


def read_boxes(
    corners: Any, scores: Any, labels: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Return the arrays of a message as AnswerData has them.

    Raises FieldError for arrays that do not belong together, and for more than 1,000 boxes.
    """
    count = len(scores)
    if len(corners) != _CORNERS * count or len(labels) != count:
        raise FieldError(
            f'corners, scores and labels have {len(corners)}, {count} and {len(labels)} entries, '
            'must have four, one and one a box')
    if count > MOST_DETECTIONS:
        raise FieldError(f'scores has {count} entries, must have at most {MOST_DETECTIONS}')
    arrays = [np.asarray(values, np.uint16) for values in (corners, scores, labels)]
    return arrays[0].reshape(-1, _CORNERS), arrays[1], arrays[2]


def seal_names(names: Sequence[str]) -> int:
    """
    Return the CRC-32 by which both sides know that they mean the same classes by their numbers.

    >>> seal_names(['person', 'ball']) == seal_names(['person', 'ball', ''])
    True
    """
    named = (f'{number} {name}' for number, name in enumerate(names) if name)
    return zlib.crc32('\0'.join(named).encode())


def read_names(classes: Iterable[tuple[Any, Any]]) -> tuple[str, ...]:
    """
    Return class names by number, empty where a number has none.

    Raises FieldError for a number or a name out of range.

    >>> read_names([(0, 'person'), (2, 'ball')])
    ('person', '', 'ball')
    """
    names: dict[int, str] = {}
    for number, name in classes:
        check_integer('class_id', number, 0, MOST_CLASSES - 1)
        if not isinstance(name, str) or len(name.encode(errors='replace')) > MOST_NAME_BYTES:
            raise FieldError(
                f'class_name {name!r:.40} must be text of at most {MOST_NAME_BYTES} bytes')
        names[number] = name
    return tuple(names.get(number, '') for number in range(1 + max(names, default=-1)))


def _in_shares(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0.0, 1.0) * UINT16).astype(np.uint16)
