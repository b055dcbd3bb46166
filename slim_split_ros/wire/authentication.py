"""
The tag that a holder of the key puts on each frame, report and answer, and its check.

Whether a message with a good tag is fresh is for the two sides to know: `offboard/frame_guard.py`
and `onboard/reply_guard.py`. Nothing is encrypted.
"""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
from hmac import compare_digest
import struct
from typing import Any

import numpy as np

from slim_split_ros.wire.errors import KeyFormatError, UnauthenticatedError
from slim_split_ros.wire.header import Frame, header_bytes

# 96 bits, as IPsec has them (RFC 2404): whoever tries a million tags a second for a year has one
# chance in 10**15. The whole 32 bytes would be a tenth of a small answer.
TAG_BYTES = 12
RECEIVER_BYTES = 8
# The first byte of a payload with a tag; none of `payload.Coder`.
MARK = b'\xa5'
# What a tag adds to a frame: mark, receiver_id and the tag itself.
FRAME_TAG_BYTES = len(MARK) + RECEIVER_BYTES + TAG_BYTES
# The receiver_id of a frame whose sender heard of no server yet.
NO_RECEIVER = 0
LEAST_KEY_BYTES = 16
# stamp, sender_start, report_sequence, receiver_id, sent_s, decoded_sequence, lengths of arrays.
_REPORT = struct.Struct('<iIiIIQdq4I')
# sender_start, stamp, sequence, class_names, lengths of arrays.
_ANSWER = struct.Struct('<iIiIII3I')


@dataclass(frozen=True, slots=True)
class TaggedFrame:
    """Hold a frame as it was before it got its tag, and the receiver_id that its sender heard."""

    frame: Frame
    receiver_id: int


class AuthKey:
    """
    Make and check tags: BLAKE2b with a key (RFC 7693), another function for each kind of message.

    In the standard library, twice as quick as BLAKE2s on 64 bits, and as quick as HMAC-SHA-256
    where the processor has instructions for SHA, which not every robot has.

    >>> key = AuthKey.from_text('00112233445566778899aabbccddeeff')
    >>> from types import SimpleNamespace
    >>> time = SimpleNamespace(sec=0, nanosec=0)
    >>> answer = SimpleNamespace(sender_start=time, stamp=time, sequence=1, class_names=0,
    ...                          corners=[1, 2, 3, 4], scores=[9], labels=[0])
    >>> answer.tag = key.tag_answer(answer)
    >>> key.check_answer(answer)
    >>> answer.labels = [1]
    >>> key.check_answer(answer)
    Traceback (most recent call last):
    slim_split_ros.wire.errors.UnauthenticatedError: the tag of an answer is not of the key here: \
give both nodes the same auth_key_file; where they have it, the message is forged
    """

    def __init__(self, secret: bytes) -> None:
        # Any length is as good as another, and none is cut.
        key = hashlib.blake2b(secret, person=b'key').digest()
        self._frame, self._report, self._answer = (
            hashlib.blake2b(key=key, digest_size=TAG_BYTES, person=kind)
            for kind in (b'frame', b'report', b'answer'))

    @classmethod
    def from_text(cls, text: str) -> AuthKey:
        """Read at least 32 hexadecimal digits, blanks aside; raise KeyFormatError for others."""
        try:
            secret = bytes.fromhex(text)
        except ValueError as error:
            raise KeyFormatError('a key has hexadecimal digits, two a byte, alone') from error
        if len(secret) < LEAST_KEY_BYTES:
            raise KeyFormatError(
                f'the key has {len(secret)} bytes, must have at least {LEAST_KEY_BYTES}')
        return cls(secret)

    def sign_frame(self, frame: Frame, receiver_id: int) -> Frame:
        """Put mark, receiver_id and tag before the payload."""
        receiver = receiver_id.to_bytes(RECEIVER_BYTES, 'little')
        tag = self._tag_frame(frame, receiver)
        return Frame(frame.header, b''.join((MARK, receiver, tag, frame.payload)))

    def open_frame(self, frame: Frame) -> TaggedFrame:
        """Return a frame without its tag; raise UnauthenticatedError if it is not of this key."""
        bare = without_tag(frame)
        if bare is frame:
            raise UnauthenticatedError(
                'the frame carries no tag: give the onboard node the auth_key_file of this one')
        receiver = frame.payload[len(MARK):len(MARK) + RECEIVER_BYTES]
        tag = frame.payload[len(MARK) + RECEIVER_BYTES:FRAME_TAG_BYTES]
        _compare('the frame', tag, self._tag_frame(bare, receiver))
        return TaggedFrame(bare, int.from_bytes(receiver, 'little'))

    def tag_report(self, message: Any) -> bytes:
        """Return the tag of a `LinkReport` as it is, its own field `tag` aside."""
        arrays = [_raw(message.sequence, '<u4'), _raw(message.arrival_s, '<f8'),
                  _raw(message.bytes, '<u4'), _raw(message.server_ms, '<f4')]
        stamp, start = message.stamp, message.sender_start
        return _tag(self._report, _REPORT.pack(
            stamp.sec, stamp.nanosec, start.sec, start.nanosec, message.report_sequence,
            message.receiver_id, message.sent_s, message.decoded_sequence, *map(len, arrays)),
            *arrays)

    def check_report(self, message: Any) -> None:
        """Raise UnauthenticatedError unless the tag of a `LinkReport` is of this key."""
        _compare('a link report', message.tag, self.tag_report(message))

    def tag_answer(self, message: Any) -> bytes:
        """Return the tag of an `Answer` as it is, its own field `tag` aside."""
        arrays = [_raw(values, '<u2')
                  for values in (message.corners, message.scores, message.labels)]
        stamp, start = message.stamp, message.sender_start
        return _tag(self._answer, _ANSWER.pack(
            start.sec, start.nanosec, stamp.sec, stamp.nanosec, message.sequence,
            message.class_names, *map(len, arrays)), *arrays)

    def check_answer(self, message: Any) -> None:
        """Raise UnauthenticatedError unless the tag of an `Answer` is of this key."""
        _compare('an answer', message.tag, self.tag_answer(message))

    def _tag_frame(self, bare: Frame, receiver: bytes) -> bytes:
        # How far back tells whether a reference is among the fields: no two headers share bytes.
        return _tag(self._frame, receiver, bytes([bare.header.frames_back]),
                    header_bytes(bare.header), bare.payload)


def without_tag(frame: Frame) -> Frame:
    """Return a frame as it was before it got a tag, unchecked; the same one if it has none."""
    if not is_tagged(frame):
        return frame
    return Frame(frame.header, frame.payload[FRAME_TAG_BYTES:])


def is_tagged(frame: Frame) -> bool:
    """Return whether there is a tag before the payload."""
    return frame.payload[:1] == MARK and len(frame.payload) >= FRAME_TAG_BYTES


def _tag(kind: Any, *parts: bytes) -> bytes:
    state = kind.copy()
    for part in parts:
        state.update(part)
    return state.digest()


def _raw(values: Any, kind: str) -> bytes:
    return np.asarray(values, kind).tobytes()


def _compare(what: str, tag: Any, expected: bytes) -> None:
    if not len(tag):
        raise UnauthenticatedError(
            f'{what} carries no tag: give the offboard node the auth_key_file of this one')
    if not compare_digest(bytes(tag), expected):
        raise UnauthenticatedError(
            f'the tag of {what} is not of the key here: give both nodes the same auth_key_file; '
            'where they have it, the message is forged')
