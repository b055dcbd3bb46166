"""
Which model is this? A hash of configuration and tensors that every frame carries.

Two models with one fingerprint understand each other's frames; it says nothing of quality.
"""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
import json
from typing import Any

import numpy as np

# 64 bits: what the message's field holds.
FINGERPRINT_DIGITS = 16


def fingerprint_model(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> str:
    """
    Hash a model to 16 hex digits.

    `config` must be plain JSON data; the order of its keys, and of the tensors, changes nothing.
    Whatever both sides must agree on belongs into it, entropy tables included.

    >>> fingerprint_model({'classes': ['ball']}, {'stem': np.zeros((2, 3), np.float32)})
    '3f971d019154abb9'
    """
    digest = hashlib.sha256()
    canonical = json.dumps(
        config, sort_keys=True, separators=(',', ':'), ensure_ascii=True, allow_nan=False)
    _update(digest, canonical.encode())
    for name in sorted(tensors):
        tensor = np.asarray(tensors[name])
        # Little-endian wherever it runs, so that the hash is of values, not of the machine.
        tensor = np.ascontiguousarray(tensor, tensor.dtype.newbyteorder('<'))
        _update(digest, f'{name} {tensor.dtype.name} {list(np.shape(tensors[name]))}'.encode())
        _update(digest, tensor.tobytes())
    return digest.hexdigest()[:FINGERPRINT_DIGITS]


def _update(digest: Any, part: bytes) -> None:
    # Length first: otherwise bytes could move from one part to the next unseen.
    digest.update(len(part).to_bytes(8, 'little'))
    digest.update(part)
