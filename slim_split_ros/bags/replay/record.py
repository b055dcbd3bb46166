"""What a replay leaves: its events as figures, as messages of a bag, and as pictures of a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from slim_split_ros.bags.pictures import view_pixels
from slim_split_ros.bags.replay.encoder_state import EncoderState
from slim_split_ros.bags.replay.events import (
    FrameRefused,
    FrameSent,
    ImageCame,
    ImageDropped,
    ReplayEvent,
    Reported,
)
from slim_split_ros.bags.replay.features import FrameCame
from slim_split_ros.bags.replay.figures import ReplayFigures
from slim_split_ros.bags.replay.results import ResultsBag
from slim_split_ros.bags.replay.serve import Answered
from slim_split_ros.bags.replay.shown_frames import ShownFrames
from slim_split_ros.control import Reason, WidthController
from slim_split_ros.offboard import new_canvas

_NS_PER_S = 1_000_000_000
_REASONS = frozenset(reason.value for reason in Reason)

# Told whether the `camera` saw a picture or the server `rebuilt` it, when it was captured, and its
# pixels, uint8 (H, W, 3), BGR, of the camera's size.
OnPicture = Callable[[str, float, np.ndarray], None]


class ReplayRecord:
    """Take the events of one replay; `controller` is None where features are replayed."""

    def __init__(
        self, figures: ReplayFigures, bag: ResultsBag, threshold: float,
        controller: WidthController | None = None, on_picture: OnPicture | None = None,
    ) -> None:
        self.figures = figures
        self.shown = ShownFrames()
        # What went wrong first of each kind, and how often it did.
        self._faults: dict[str, str] = {}
        self._fault_counts: Counter[str] = Counter()
        self._bag = bag
        self._threshold = threshold
        self._controller = controller
        self._on_picture = on_picture
        self._state = EncoderState()
        self._origin_ns: int | None = None

    def take(self, events: Iterator[ReplayEvent | FrameCame | Answered]) -> Iterator[None]:
        """Record events; a step for each, so that the caller shows how far it is."""
        for event in events:
            match event:
                case ImageCame():
                    self._state.frames_in += 1
                    self._at(event.image.origin_ns)
                case FrameCame():
                    self._at(event.recorded.recorded_ns - round(event.now_s * _NS_PER_S))
                    self.figures.recorded(
                        event.recorded.frame, event.recorded.message_bytes, event.now_s, None)
                case ImageDropped():
                    self._dropped(event)
                case FrameSent():
                    self._sent(event)
                case FrameRefused():
                    self._refused(event)
                case Reported():
                    self._bag.write_report(event.report, self._ns(event.now_s))
                case Answered():
                    self._answered(event)
            yield

    def notes(self) -> list[str]:
        """Return a sentence for each kind of fault that was met."""
        return [f'{sentence} ({self._fault_counts[kind]} of this kind)'
                for kind, sentence in self._faults.items()]

    def _dropped(self, event: ImageDropped) -> None:
        self.figures.dropped(event.image.image.stamp_ns, event.image.due_s, event.reason)
        self._state.drops[event.reason] += 1
        if event.sentence:
            self._note(event.reason, event.sentence)
        elif event.reason in _REASONS:
            self._state.reason = event.reason
            self._say(event.now_s)

    def _sent(self, event: FrameSent) -> None:
        number = self.figures.sent(event)
        if self.shown.wants(number):
            self.shown.add_camera(
                number, event.image.image.stamp_ns, view_pixels(event.image.image))
        if self._on_picture is not None:
            self._on_picture(
                'camera', event.image.due_s, view_pixels(event.image.image).as_bgr())
        self._state.sent(event.sent, event.now_s)
        self._bag.write_features(event.sent.frame, self._ns(event.now_s))
        self._say(event.now_s)

    def _refused(self, event: FrameRefused) -> None:
        if event.header is not None:
            self.figures.refused(
                event.header.sender_start_ns, event.header.sequence, event.reason)
        if event.sentence:
            self._note(event.reason, event.sentence)

    def _answered(self, answered: Answered) -> None:
        frame, served = answered.event.frame, answered.served
        number, row = self.figures.answered(answered)
        if self.shown.wants(number):
            self.shown.add_served(number, frame.header, served)
        time_ns = self._ns(answered.event.now_s)
        back_s = answered.event.back_s
        if self._controller is not None and back_s is not None:
            self._state.answer_came(
                back_s - row.captured_s, self._controller.deadline_s, back_s)
        self._bag.write_detections(frame, served.detections, time_ns)
        if served.picture is not None:
            self._bag.write_picture(frame, served.picture, time_ns)
            if self._on_picture is not None:
                self._on_picture(
                    'rebuilt', row.captured_s,
                    new_canvas(frame.header.geometry, served.picture))
        if served.problem:
            self._note('detector', f'nothing detected: {served.problem}')

    def _say(self, now_s: float) -> None:
        if self._state.is_due(now_s):
            self._bag.write_status(self._state, self._controller, now_s, self._ns(now_s))

    def _note(self, kind: str, sentence: str) -> None:
        self._faults.setdefault(kind, sentence)
        self._fault_counts[kind] += 1

    def _at(self, origin_ns: int) -> None:
        if self._origin_ns is None:
            self._bag.write_labels(self._threshold, origin_ns)
        self._origin_ns = origin_ns

    def _ns(self, now_s: float) -> int:
        return self._origin_ns + round(now_s * _NS_PER_S)
