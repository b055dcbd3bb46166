"""How much memory a model's encoder takes on the robot."""

from __future__ import annotations

import subprocess
import sys

from slim_split_ros.wire.manifest import Manifest

# In a process of its own, which has nothing but what the robot has; all widths, as there.
_PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.wire import load_manifest
manifest = load_manifest(Path(sys.argv[1]))
encoder = FrameEncoder(manifest)
for entry in manifest.widths:
    encoder.encode(np.zeros((480, 640, 3), np.uint8), entry.width, 0)
print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])
"""
_KB_PER_MB = 1024.0
_LIMIT_S = 120.0


def measure_encoder_mb(manifest: Manifest) -> float:
    """
    Return the most megabytes (MiB) that encoding 640x480 takes, Python and libraries too.

    NaN where it cannot be measured here: too little memory for a second process, or no Linux.
    """
    try:
        answer = subprocess.run(
            [sys.executable, '-c', _PROGRAM, str(manifest.folder.resolve())], check=True,
            capture_output=True, text=True, timeout=_LIMIT_S)
    except (OSError, subprocess.SubprocessError):
        return float('nan')
    return float(answer.stdout) / _KB_PER_MB
