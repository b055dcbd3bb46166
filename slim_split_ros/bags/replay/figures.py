"""The figures of a replay, frame by frame and together, as its JSON has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
import hashlib

import numpy as np

from slim_split_ros.bags.replay.events import FrameSent
from slim_split_ros.bags.replay.serve import Answered
from slim_split_ros.offboard import Detections
from slim_split_ros.wire import Frame

_MS_PER_S = 1e3


@dataclass(frozen=True, slots=True)
class FoundRow:
    """Hold a detection; `box` is x, y, w, h in pixels of the original image."""

    name: str
    score: float
    box: tuple[float, ...]


@dataclass(slots=True)
class FrameRow:
    """
    Hold what became of an image, or of a recorded frame.

    `fate` is answered, lost, or the word under which the image or frame was dropped. `encode_ms`
    and `server_ms` were measured in this replay; `end_to_end_ms`, from the image to its
    detections at the robot, is that of the emulated link.
    """

    stamp_ns: int
    captured_s: float
    fate: str
    width: float | None = None
    rate: int | None = None
    reason: str = ''
    payload_bytes: int = 0
    message_bytes: int = 0
    payload_sha256: str = ''
    encode_ms: float | None = None
    server_ms: float | None = None
    end_to_end_ms: float | None = None
    detections: list[FoundRow] = field(default_factory=list)


class ReplayFigures:
    """
    Collect a row for each frame; `rows` are in the order in which they came.

    Without a link nothing is known of the way there and back.
    """

    def __init__(self, classes: Sequence[str], has_link: bool) -> None:
        self._classes = tuple(classes)
        self._has_link = has_link
        self.rows: list[FrameRow] = []
        self._frames: dict[tuple[int, int], tuple[int, FrameRow]] = {}
        self._payloads = hashlib.sha256()
        self._sent = 0

    def dropped(self, stamp_ns: int, captured_s: float, reason: str) -> None:
        """Note an image that was not sent."""
        self.rows.append(FrameRow(stamp_ns, captured_s, reason))

    def sent(self, event: FrameSent) -> int:
        """Note a frame that went out, lost until it is answered; return its number from 0."""
        return self.recorded(event.sent.frame, event.sent.message_bytes, event.image.due_s,
                             event.measured_ms, event.sent.reason)

    def recorded(self, frame: Frame, message_bytes: int, captured_s: float,
                 encode_ms: float | None, reason: str = '') -> int:
        """Note a frame that comes to the server; return its number from 0."""
        fields = frame.header
        row = FrameRow(
            fields.stamp_ns, captured_s, 'lost', round(fields.width, 4), fields.rate, reason,
            len(frame.payload), message_bytes, hashlib.sha256(frame.payload).hexdigest(),
            encode_ms)
        self._payloads.update(frame.payload)
        self.rows.append(row)
        number, self._sent = self._sent, self._sent + 1
        self._frames[fields.sender_start_ns, fields.sequence] = number, row
        return number

    def refused(self, sender_start_ns: int, sequence: int, reason: str) -> None:
        """Note that the server did not serve a frame."""
        _, row = self._frames[sender_start_ns, sequence]
        row.fate = reason

    def answered(self, answered: Answered) -> tuple[int, FrameRow]:
        """Note what was found in a frame; return its number and its row."""
        fields, event = answered.event.frame.header, answered.event
        number, row = self._frames[fields.sender_start_ns, fields.sequence]
        row.server_ms = answered.server_ms
        row.detections = self._found(answered.served.detections)
        row.fate = 'answered'
        if self._has_link and event.back_s is not None:
            row.end_to_end_ms = _MS_PER_S * (event.back_s - row.captured_s)
        return number, row

    def as_json(self) -> dict[str, object]:
        """Return counts, sums, percentiles and the rows."""
        sent = [row for row in self.rows if row.width is not None]
        fates = Counter(row.fate for row in self.rows)
        return {
            'frames': len(self.rows), 'sent': len(sent), 'answered': fates.pop('answered', 0),
            'dropped': dict(fates), 'payload_sha256': self._payloads.hexdigest(),
            'bytes': sum(row.message_bytes for row in sent),
            'payload_bytes': sum(row.payload_bytes for row in sent),
            'detections': sum(len(row.detections) for row in self.rows),
            'milliseconds': {
                name: _percentiles([getattr(row, f'{name}_ms') for row in self.rows])
                for name in ('encode', 'server', 'end_to_end')},
            'rows': [asdict(row) for row in self.rows]}

    def _found(self, found: Detections) -> list[FoundRow]:
        return [
            FoundRow(self._classes[int(label)], round(float(score), 5),
                     tuple(round(float(value), 3) for value in box))
            for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True)]


def _percentiles(values: list[float | None]) -> dict[str, float] | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return {'p50': float(np.percentile(known, 50)), 'p95': float(np.percentile(known, 95))}
