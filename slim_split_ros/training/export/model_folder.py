"""
What makes graphs and weights one model: a manifest with their hashes and a fingerprint.

Which graphs there are, and what they compute, is the codec's exporter's: `model.py` for ours,
`ensemble.py` for the founding paper's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
import hashlib
import json
from pathlib import Path
from typing import Any

from slim_split_ros.networks.stored_weights import WEIGHTS_FILE, CodecModel, save_model
from slim_split_ros.wire.fingerprint import fingerprint_manifest
from slim_split_ros.wire.manifest import MANIFEST_FILE
from slim_split_ros.wire.video_settings import VideoSettings

REBUILD_FILE, DETECT_FILE = 'rebuild.onnx', 'detect.onnx'
# Of systems without a picture between both.
SERVER_FILE = 'server.onnx'


def encoder_file(width: float) -> str:
    """
    Return the name of the encoder of a width.

    >>> encoder_file(0.25)
    'encoder_w025.onnx'
    """
    return f'encoder_w{round(100 * width):03d}.onnx'


def map_file(width: float) -> str:
    """
    Return the name of the map of a width.

    >>> map_file(1.0)
    'map_w100.onnx'
    """
    return f'map_w{round(100 * width):03d}.onnx'


def set_video(folder: Path, settings: Iterable[VideoSettings]) -> str:
    """Let a folder with maps have these rates of video, or none; return its new fingerprint."""
    manifest = json.loads((folder / MANIFEST_FILE).read_text('utf-8'))
    manifest['video'] = [asdict(each) for each in settings] or None
    return write_manifest(manifest, manifest['files'], folder)


def seal_folder(
    model: CodecModel, description: dict[str, Any], graphs: Iterable[str], folder: Path
) -> str:
    """
    Write weights and manifest beside the graphs of a folder; return the fingerprint.

    `description` is what both sides must agree on, as plain JSON data.
    """
    save_model(model, folder / WEIGHTS_FILE)
    return write_manifest(description, (*graphs, WEIGHTS_FILE), folder)


def write_manifest(description: dict[str, Any], names: Iterable[str], folder: Path) -> str:
    """Write the manifest of these files of a folder; return the model's fingerprint."""
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    manifest = {**description, 'files': files}
    manifest['fingerprint'] = fingerprint_manifest(manifest)
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest) + '\n', 'utf-8')
    return manifest['fingerprint']
