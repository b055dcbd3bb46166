"""Frames as a server receives them, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from slim_split_ros.offboard import Received
from slim_split_ros.wire import Frame, FrameGeometry, FrameHeader, Manifest

MakeFrame = Callable[[int, int, float], Received]


def frame_maker(manifest: Manifest) -> MakeFrame:
    """Give a function from sender, sequence and arrival to a frame that checks out."""
    header = FrameHeader(
        sender_start_ns=0, sequence=0, geometry=FrameGeometry(640, 480, 416, 320), width=0.5,
        rate=1, fingerprint=manifest.fingerprint, stamp_ns=2, encode_ms=0.5)

    def make(sender: int, sequence: int, now_s: float) -> Received:
        numbered = replace(header, sender_start_ns=sender, sequence=sequence)
        return Received(Frame(numbered, bytes([manifest.coder])), 900, now_s)

    return make


def camera(
    frame: MakeFrame, sender: int, fps: float, seconds: float, begin_s: float = 0.0
) -> Iterator[Received]:
    """Yield the frames of a sender at its pace."""
    for number in range(int(seconds * fps)):
        yield frame(sender, number, begin_s + number / fps)


def who(received: Received | None) -> tuple[int, int] | None:
    """Return sender and sequence."""
    return received and (received.frame.header.sender_start_ns, received.frame.header.sequence)
