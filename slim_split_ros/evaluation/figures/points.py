"""What was measured at one setting of one codec: frames first, then their summary."""

from __future__ import annotations

from dataclasses import asdict, dataclass
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.evaluation.figures.coco_metrics import Accuracy
from slim_split_ros.evaluation.figures.resampling import Resampling, interval

SETTLED_S = 1.0  # into a clip, from where its first key frame no longer counts


@dataclass(frozen=True, slots=True)
class Setting:
    """Name one way to get detections from a picture; fields that do not apply are None."""

    codec: str
    width: float | None = None
    rate: int | None = None
    members: int | None = None
    bits: int | None = None
    quality: int | None = None
    scale: float | None = None
    crf: int | None = None  # H.264's constant rate factor
    preset: str | None = None
    coder: str | None = None  # behind the map, of our own settings
    alone: bool | None = None  # every frame decodes without another
    long_side: int | None = None  # pixels, of the coded picture
    default: bool = False  # a width's default rate

    @property
    def name(self) -> str:
        """Return a file name that no other setting has."""
        parts = [self.codec]
        parts += [self.coder] if self.coder not in (None, 'cells') else []
        parts += [f'w{round(100 * self.width):03d}'] if self.width is not None else []
        parts += [f'r{self.rate}'] if self.rate is not None else []
        parts += [f'm{self.members}'] if self.members is not None else []
        parts += [f'b{self.bits}'] if self.bits is not None else []
        parts += [f'q{self.quality}'] if self.quality is not None else []
        parts += [f's{round(100 * self.scale):03d}'] if self.scale is not None else []
        parts += [f'c{self.crf}'] if self.crf is not None else []
        parts += ['linked'] if self.alone is False else []
        return '_'.join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that apply, by name."""
        return {key: value for key, value in asdict(self).items()
                if value is not None and key != 'default'}


@dataclass(frozen=True, slots=True)
class MeasuredFrame:
    """One picture at one setting."""

    image_id: int
    bytes: int  # everything handed to the middleware
    encode_ms: float
    network_ms: float
    time_s: float | None = None  # since its clip began, of video


@dataclass(frozen=True, slots=True)
class MeasuredPoint:
    """All pictures at one setting."""

    setting: Setting
    frames: tuple[MeasuredFrame, ...]
    accuracy: Accuracy

    def to_dict(self) -> dict[str, object]:
        """Return the row for JSON; sizes and times are means over the pictures unless named."""
        row: dict[str, object] = self.setting.to_dict()
        if self.setting.rate is not None:
            row['default'] = self.setting.default
        sizes = np.array([frame.bytes for frame in self.frames], float)
        times = np.array([frame.encode_ms for frame in self.frames])
        networks = np.array([frame.network_ms for frame in self.frames])
        row |= {
            'bytes': round(float(sizes.mean()), 1),
            'bytes_p95': round(float(np.percentile(sizes, 95)), 1),
            'network_ms': round(float(networks.mean()), 4),
            'encode_ms': round(float(times.mean()), 4),
            'encode_ms_p50': round(float(np.percentile(times, 50)), 4),
            'encode_ms_p95': round(float(np.percentile(times, 95)), 4),
        }
        return row | self._settled() | accuracy_row(self.accuracy)

    def draw_bytes(self, pictures: Resampling) -> NDArray[np.float64]:
        """Return the mean bytes of each draw of recordings."""
        sizes = {frame.image_id: frame.bytes for frame in self.frames}
        ordered = np.array([sizes[number] for number in pictures.image_ids], float)
        return pictures.counts @ ordered / pictures.counts.sum(1)

    def _settled(self) -> dict[str, object]:
        """Return the bytes of video once its first frames, which cost most, are through."""
        sizes = [frame.bytes for frame in self.frames
                 if frame.time_s is not None and frame.time_s >= SETTLED_S]
        return {} if not sizes else {
            'bytes_settled': round(float(np.mean(sizes)), 1),
            'bytes_settled_p95': round(float(np.percentile(sizes, 95)), 1)}


def accuracy_row(accuracy: Accuracy) -> dict[str, object]:
    """Return accuracies for JSON, None where undefined, rounded to what some 300 pictures tell."""
    row: dict[str, object] = {
        name: _rounded(getattr(accuracy, name))
        for name in ('ap50', 'ap', 'ap_small', 'ap_medium', 'ap_large')}
    row['ap50_interval'] = interval(accuracy.ap50_samples)
    return row | {'class_ap50': [_rounded(value) for value in accuracy.class_ap50]}


def _rounded(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
