"""
The fingerprint that every frame carries: a hash of what a model's manifest says.

The manifest lists the SHA-256 of each file, so the hash stands for graphs and weights too, and
needs none of them to be computed again. Two models with one fingerprint understand each other's
frames; it says nothing of quality.
"""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
import json
from typing import Any

# 64 bits: what the message's field holds.
FINGERPRINT_DIGITS = 16


def fingerprint_manifest(manifest: Mapping[str, Any]) -> str:
    """
    Hash a manifest, plain JSON data, to 16 hex digits; the order of its keys changes nothing.

    What stands under `fingerprint` itself does not count. Raises ValueError for NaN and infinity.

    >>> fingerprint_manifest({'classes': ['ball'], 'files': {'detect.onnx': '5d2f…'}})
    'ab3ce32bfcc40d1c'
    """
    covered = {name: value for name, value in manifest.items() if name != 'fingerprint'}
    canonical = json.dumps(
        covered, sort_keys=True, separators=(',', ':'), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:FINGERPRINT_DIGITS]
