"""What happens in a replay, each event with its time on the replay's clock, seconds."""

from __future__ import annotations

from dataclasses import dataclass

from slim_split_ros.bags.replay.timing import TimedImage
from slim_split_ros.offboard import OffboardError, PictureInput, Report, ServerInput
from slim_split_ros.onboard import Sent
from slim_split_ros.wire import Frame, FrameHeader, WireError

Decoded = ServerInput | PictureInput


@dataclass(frozen=True, slots=True)
class ImageCame:
    """Say that an image reached the robot's side."""

    now_s: float
    image: TimedImage


@dataclass(frozen=True, slots=True)
class ImageDropped:
    """Say in one word why an image went nowhere; the sentence is empty where that is no fault."""

    now_s: float
    image: TimedImage
    reason: str
    sentence: str = ''


@dataclass(frozen=True, slots=True)
class FrameSent:
    """Hold a frame that went out, and what encoding it took on this machine."""

    now_s: float
    image: TimedImage
    sent: Sent
    measured_ms: float


@dataclass(frozen=True, slots=True)
class FrameRefused:
    """Say why the server did not serve a frame; header None where it does not say which."""

    now_s: float
    header: FrameHeader | None
    reason: str
    sentence: str = ''


@dataclass(frozen=True, slots=True)
class FrameServed:
    """
    Hold a frame that was decoded in its turn, which took `decode_ms` on this machine.

    `back_s` is when its detections are back, None if never.
    """

    now_s: float
    frame: Frame
    decoded: Decoded
    decode_ms: float
    back_s: float | None


@dataclass(frozen=True, slots=True)
class Reported:
    """Hold a report that the server made."""

    now_s: float
    report: Report


ReplayEvent = ImageCame | ImageDropped | FrameSent | FrameRefused | FrameServed | Reported


def refusal(
    now_s: float, header: FrameHeader, error: WireError | OffboardError
) -> FrameRefused:
    """Say that a frame is not of this server's model, or damaged."""
    return FrameRefused(
        now_s, header, 'refused', f'frame {header.sequence} refused: {error}')
