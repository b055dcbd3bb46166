"""
Encode a drawn picture with the shipped model at every width, and print the sizes as JSON.

Run on both machines by `python -m tools.arm64`; every payload is also unpacked again.
"""

from __future__ import annotations

import json

import cv2
import numpy as np

from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.weights import SHIPPED_MODEL
from slim_split_ros.wire import load_manifest, native_coder, unpack_symbols

HEIGHT, WIDTH = 480, 640


def main() -> None:
    """Print `lack` of the compiled coder, and `sizes` of payloads by width."""
    manifest = load_manifest(SHIPPED_MODEL)
    encoder = FrameEncoder(manifest)
    sizes = {}
    for index, entry in enumerate(manifest.widths):
        encoded = encoder.encode(draw_picture(), entry.width, 0)
        unpack_symbols(encoded.payload, encoded.symbol_shape, manifest.coder,
                       manifest.tables(index, 0), manifest.symbol_bits(0))
        sizes[f'{entry.width:g}'] = len(encoded.payload)
    print(json.dumps({'lack': native_coder().lack, 'sizes': sizes}))


def draw_picture() -> np.ndarray:
    """Return uint8 (HEIGHT, WIDTH, 3): shades, and things of several sizes on them."""
    generator = np.random.default_rng(2026)
    shades = generator.integers(40, 200, (6, 8, 3)).astype(np.uint8)
    picture = cv2.resize(shades, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    for size in (6, 12, 25, 50, 90):
        colour = tuple(map(int, generator.integers(0, 255, 3)))
        for _ in range(3):
            place = tuple(map(int, generator.integers(size, HEIGHT - size, 2)))
            cv2.circle(picture, place, size, colour, -1)
    return picture


if __name__ == '__main__':
    main()
