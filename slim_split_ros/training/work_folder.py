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

_ASKED_FILE, _PARTIAL_FILE, _LOOKED_FILE = 'asked.json', 'asked.partial', 'looked'


def was_looked_at(work: Path, asked: Mapping[str, Any]) -> bool:
    """Tell whether the frames of the same question are all there."""
    return (work / _LOOKED_FILE).is_file() and _read(work) == asked


def is_of_command(work: Path) -> bool:
    """Tell whether the command that goes on with such folders made this one."""
    return _read(work) is not None


def begin_work(work: Path, asked: Mapping[str, Any]) -> None:
    """Make the folder anew; raise TrainingError where it is somebody else's."""
    work.mkdir(parents=True, exist_ok=True)
    left = {item.name: item for item in work.iterdir()}
    partial = left.pop(_PARTIAL_FILE, work / _PARTIAL_FILE)
    if left and not is_of_command(work):
        raise TrainingError(f'{work} is there and not of this command: choose another --output')
    # Its name goes last, and comes whole: whatever ends this leaves a folder of this command.
    left.pop(_ASKED_FILE, None)
    for item in sorted(left.values(), key=lambda item: item.name != _LOOKED_FILE):
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()
    partial.write_text(json.dumps(asked, indent=1), 'utf-8')
    partial.replace(work / _ASKED_FILE)


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
