"""Frames as a person sees them behind each codec, for about the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from slim_split_ros.detectors import DetectorRunError, OnnxDetector
from slim_split_ros.evaluation.agreement import AIM, Agreement, SeenCodec
from slim_split_ros.evaluation.figures.points import MeasuredPoint, Setting
from slim_split_ros.offboard import draw_detections
from slim_split_ros.training.data.pictures import read_picture

SHOWN_FRAMES = 3
_SHOWN_SCORE = 0.3
_SHOWN_WIDTH = 640
_JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Shown:
    """Hold a picture with what was found in it, as JPEG, and what it is."""

    caption: str
    jpeg: bytes


def show_frames(
    codecs: Sequence[SeenCodec], agreement: Agreement, detector: OnnxDetector
) -> Iterator[Shown]:
    """Yield some frames undamaged and behind each codec, the detector's boxes drawn in."""
    chosen = _settings_to_show(agreement.points)
    places = np.linspace(0, len(agreement.frames) - 1, SHOWN_FRAMES + 2).round().astype(int)
    for place in places[1:-1]:
        picture = read_picture(agreement.frames[place].path)
        yield _show('undamaged', picture, picture, detector)
        for codec in codecs:
            for setting in (setting for setting in codec.settings if setting in chosen):
                sent = codec.encode(picture, setting)
                yield _show(f'{setting.name}: {sent.bytes} bytes',
                            codec.picture(sent, setting), picture, detector)


def _settings_to_show(points: Sequence[MeasuredPoint]) -> list[Setting]:
    """Return ours that reaches the aim for the fewest bytes, and others for no more bytes."""
    points = [point for point in points if point.setting.alone is not False]
    ours = [point for point in points if point.setting.codec == 'slim']
    reaching = [point for point in ours if point.accuracy.ap50 >= AIM]
    first = min(reaching, key=_bytes) if reaching else max(
        ours, key=lambda point: point.accuracy.ap50)
    chosen = [first.setting]
    for codec in dict.fromkeys(point.setting.codec for point in points):
        own = [point for point in points if point.setting.codec == codec]
        affordable = [point for point in own if _bytes(point) <= _bytes(first)]
        if codec != 'slim':
            best = max(affordable, key=lambda point: point.accuracy.ap50) if affordable else min(
                own, key=_bytes)
            chosen.append(best.setting)
    return chosen


def _bytes(point: MeasuredPoint) -> float:
    return float(np.mean([frame.bytes for frame in point.frames]))


def _show(
    caption: str, seen: NDArray[np.uint8], picture: NDArray[np.uint8], detector: OnnxDetector
) -> Shown:
    height, width = picture.shape[:2]
    size = (_SHOWN_WIDTH, round(_SHOWN_WIDTH * height / width))
    canvas = cv2.resize(seen, size, interpolation=cv2.INTER_AREA if seen.shape[1] > size[0]
                        else cv2.INTER_CUBIC)
    try:
        found = detector.detect(seen, _SHOWN_SCORE)
        scales = np.array([size[0] / seen.shape[1], size[1] / seen.shape[0]] * 2, np.float32)
        found.boxes[:] *= scales
        draw_detections(canvas, found, detector.classes)
    except DetectorRunError as error:
        caption = f'{caption} ({error})'
    _, data = cv2.imencode('.jpg', canvas, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return Shown(caption, data.tobytes())
