"""
A run as a Rerun recording: pictures, boxes, bytes, width and times on one timeline.

It needs rerun-sdk, which nothing else of this package does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from slim_split_ros.reports.replay_runs import FrameOfRun

if TYPE_CHECKING:
    import rerun

TIMELINE = 'time'
CAMERA, REBUILT = 'camera', 'rebuilt'
_JPEG_QUALITY = 82
_TRUTH_COLOUR = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class LoggedBoxes:
    """Hold boxes (n, 4) as x, y, w, h in pixels of the original image, and what each is."""

    boxes: np.ndarray
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class LoggedFrame:
    """Hold what became of a frame, None where it did not get there or nobody measured."""

    captured_s: float
    fate: str
    width: float | None
    message_bytes: int
    encode_ms: float | None
    server_ms: float | None
    end_to_end_ms: float | None
    found: LoggedBoxes
    truth: LoggedBoxes | None = None


def logged_frame(frame: FrameOfRun) -> LoggedFrame:
    """Return a frame of a replay."""
    found = LoggedBoxes(
        np.array([item.box for item in frame.found], np.float64),
        [f'{item.name} {item.score:.2f}' for item in frame.found])
    return LoggedFrame(
        frame.captured_s, frame.fate, frame.width, frame.message_bytes, frame.encode_ms,
        frame.server_ms, frame.end_to_end_ms, found)


class RerunFile:
    """
    Write an .rrd file in a `with`, picture by picture and frame by frame.

    An error leaves what was there before.

    Raises ModuleNotFoundError where rerun-sdk is missing, OSError where it cannot be written.
    """

    def __init__(self, path: Path, title: str) -> None:
        # Half a second and hundreds of megabytes: only for those who ask for it.
        import rerun

        path.parent.mkdir(parents=True, exist_ok=True)
        self._rerun, self._path, self._partial = rerun, path, path.with_suffix('.partial.rrd')
        self._partial.open('wb').close()  # what Rerun raises is no OSError
        self._recording = rerun.RecordingStream(title)
        self._with_boxes = {CAMERA}
        self._recording.save(self._partial, default_blueprint=_layout())

    def __enter__(self) -> RerunFile:
        """Return the file to write to."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write what is left and put the file in its place, unless what it was to show failed."""
        self._recording.flush()
        self._recording.disconnect()
        if kind is None:
            self._partial.replace(self._path)
        else:
            self._partial.unlink(missing_ok=True)

    def add_picture(self, name: str, captured_s: float, pixels: np.ndarray) -> None:
        """Add uint8 (H, W, 3), BGR, of the original image's size, as CAMERA or REBUILT."""
        jpeg = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
        self._with_boxes.add(name)
        self._at(captured_s)
        self._recording.log(name, self._rerun.EncodedImage(
            contents=jpeg.tobytes(), media_type='image/jpeg'))

    def add_frame(self, frame: LoggedFrame) -> None:
        """Add the figures of a frame; its boxes lie on the pictures that came before."""
        self._at(frame.captured_s)
        if frame.width is None:
            self._recording.log('fate', self._rerun.TextLog(f'not sent: {frame.fate}'))
            return
        if frame.fate != 'answered':
            self._recording.log('fate', self._rerun.TextLog(frame.fate))
        for name in sorted(self._with_boxes):
            self._recording.log(f'{name}/found', self._boxes(frame.found))
        if frame.truth is not None:
            self._recording.log(f'{CAMERA}/truth', self._boxes(frame.truth, _TRUTH_COLOUR))
        for name, value in (
            ('width', frame.width), ('bytes', frame.message_bytes),
            ('ms/encoding', frame.encode_ms), ('ms/server', frame.server_ms),
            ('ms/end_to_end', frame.end_to_end_ms),
        ):
            if value is not None:
                self._recording.log(name, self._rerun.Scalars(value))

    def hide_picture(self, name: str, captured_s: float) -> None:
        """End showing the picture of an earlier frame."""
        self._at(captured_s)
        self._recording.log(name, self._rerun.Clear(recursive=False))

    def _at(self, captured_s: float) -> None:
        self._recording.set_time(TIMELINE, duration=captured_s)

    def _boxes(
        self, logged: LoggedBoxes, colour: tuple[int, int, int] | None = None
    ) -> rerun.Boxes2D:
        boxes = logged.boxes.reshape(-1, 4)
        return self._rerun.Boxes2D(
            mins=boxes[:, :2], sizes=boxes[:, 2:], labels=list(logged.labels),
            colors=None if colour is None else [colour] * len(boxes))


def _layout() -> rerun.blueprint.Blueprint:
    from rerun import blueprint

    return blueprint.Blueprint(blueprint.Horizontal(
        blueprint.Vertical(
            blueprint.Spatial2DView(origin=CAMERA, name='Camera'),
            blueprint.Spatial2DView(origin=REBUILT, name='Rebuilt by the server')),
        blueprint.Vertical(
            blueprint.TimeSeriesView(origin='bytes', name='Bytes of a frame'),
            blueprint.TimeSeriesView(origin='width', name='Width'),
            blueprint.TimeSeriesView(origin='ms', name='Milliseconds'),
            blueprint.TextLogView(origin='fate', name='Frames that were not answered'))))
