"""A detector of pictures, of whatever convention, as files of a model folder."""

from __future__ import annotations

from pathlib import Path

import onnx

from slim_split_ros.detectors import OnnxDetector, load_detector
from slim_split_ros.detectors.overrides import to_yaml

DETECTOR_FILE, DETECTOR_NOTES_FILE = 'detector.onnx', 'detector.yaml'


def copy_detector(source: Path, folder: Path) -> OnnxDetector:
    """
    Write a detector and how it is understood into a folder; return what lies there.

    Nothing is left to be guessed or looked for beside it, be it names or weights. Raises
    DetectorFileError where it cannot be used.
    """
    understood = load_detector(source).description
    # Not a copy of the file: large weights may lie in another one beside it.
    onnx.save(onnx.load(source), folder / DETECTOR_FILE)
    (folder / DETECTOR_NOTES_FILE).write_text(to_yaml(understood), 'utf-8')
    return load_detector(folder / DETECTOR_FILE)
