"""A replay as its JSON has it, read for a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import Any


@dataclass(frozen=True, slots=True)
class FoundBox:
    """Hold a detection; `box` is x, y, w, h in pixels of the original image."""

    name: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class FrameOfRun:
    """Hold what became of a frame; None where it did not get there."""

    stamp_ns: int
    captured_s: float
    fate: str
    width: float | None
    message_bytes: int
    encode_ms: float | None
    server_ms: float | None
    end_to_end_ms: float | None
    found: tuple[FoundBox, ...]


@dataclass(frozen=True, slots=True)
class ReplayRun:
    """Hold a run under the name that the page gives it."""

    name: str
    bag: str
    model: str
    link: str | None
    seconds: float
    payload_sha256: str
    dropped: Mapping[str, int]
    frames: tuple[FrameOfRun, ...]

    @property
    def sent(self) -> list[FrameOfRun]:
        """Return the frames that went out."""
        return [frame for frame in self.frames if frame.width is not None]


def read_run(name: str, figures: Any) -> ReplayRun:
    """Read the JSON of a replay; ValueError says what is missing in it."""
    try:
        return ReplayRun(
            name, str(figures['bag']), str(figures['model']), figures['link'],
            _number(figures['seconds']), str(figures['payload_sha256']), dict(figures['dropped']),
            tuple(_read_frame(row) for row in figures['rows']))
    except KeyError as error:
        raise ValueError(f'it has no {error}') from error
    except (TypeError, AttributeError, OverflowError) as error:
        raise ValueError('it holds something else') from error


def _read_frame(row: Mapping[str, Any]) -> FrameOfRun:
    return FrameOfRun(
        int(row['stamp_ns']), _number(row['captured_s']), str(row['fate']),
        _or_none(row['width']), int(row['message_bytes']), _or_none(row['encode_ms']),
        _or_none(row['server_ms']), _or_none(row['end_to_end_ms']),
        tuple(_read_box(found) for found in row['detections']))


def _read_box(found: Mapping[str, Any]) -> FoundBox:
    x, y, width, height = (_number(value) for value in found['box'])
    return FoundBox(str(found['name']), _number(found['score']), (x, y, width, height))


def _or_none(value: Any) -> float | None:
    return None if value is None else _number(value)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f'it has the number {value}')
    return number
