"""What a command keeps of frames it looked at: the same goes on, another begins anew."""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
import json
from pathlib import Path
import shutil
from typing import Any

import onnx

from slim_split_ros.detectors import OnnxDetector
from slim_split_ros.detectors.overrides import to_yaml
from slim_split_ros.training.errors import TrainingError

_ASKED_FILE, _LOOKED_FILE = 'asked.json', 'looked'


def was_looked_at(work: Path, asked: Mapping[str, Any]) -> bool:
    """Tell whether the frames of the same question are all there."""
    return (work / _LOOKED_FILE).is_file() and _read(work) == asked


def begin_work(work: Path, asked: Mapping[str, Any]) -> None:
    """Make the folder anew; raise TrainingError where it is somebody else's."""
    if work.exists() and _read(work) is None:
        raise TrainingError(f'{work} is there and not of this command: choose another --output')
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    (work / _ASKED_FILE).write_text(json.dumps(asked, indent=1), 'utf-8')


def end_looking(work: Path) -> None:
    """Remember that all frames were looked at."""
    (work / _LOOKED_FILE).touch()


def name_detector(path: Path, detector: OnnxDetector) -> str:
    """Name a detector's file and how it is understood, for a question."""
    # Not the bytes of the file: large weights may lie in another one beside it.
    graph = onnx.load(path).SerializeToString(deterministic=True)
    return hashlib.sha256(graph + to_yaml(detector.description).encode()).hexdigest()


def _read(work: Path) -> Any:
    try:
        return json.loads((work / _ASKED_FILE).read_text('utf-8'))
    except (OSError, ValueError):
        return None
