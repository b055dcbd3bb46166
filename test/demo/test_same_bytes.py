"""Do picture codecs keep to the bytes of our frames, and is what they bring detected in?"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from slim_split_ros.demo.same_bytes import CODECS, WidestDetector, code_within
from slim_split_ros.wire import load_manifest
from support.bundles import CLASSES, WIDTHS


@pytest.fixture(scope='module')
def picture() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    return cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize('codec', CODECS)
@pytest.mark.parametrize('message_bytes', [2500, 10_000, 40_000])
def test_a_picture_takes_at_most_the_bytes_and_most_of_them(
    picture: np.ndarray, codec: str, message_bytes: int
) -> None:
    coded = code_within(picture, codec, message_bytes)

    assert 0.8 * message_bytes < coded.message_bytes <= message_bytes
    assert coded.pixels.shape == picture.shape


@pytest.mark.parametrize('codec', CODECS)
def test_more_bytes_bring_more_of_the_picture(picture: np.ndarray, codec: str) -> None:
    errors = [cv2.norm(code_within(picture, codec, size).pixels, picture)
              for size in (2500, 10_000, 40_000)]

    assert errors == sorted(errors, reverse=True)


def test_where_nothing_fits_the_smallest_is_taken(picture: np.ndarray) -> None:
    coded = code_within(picture, 'JPEG', 10)

    assert (coded.quality, coded.scale) == (1, 0.25)


def test_the_widest_of_the_model_detects(tiny_bundle: Path) -> None:
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[96:192, 192:288] = 255

    found = WidestDetector(load_manifest(tiny_bundle), 0.3).detect(pixels)

    # The tiny model's class is its width.
    assert found.names and set(found.names) == {CLASSES[list(WIDTHS).index(max(WIDTHS))]}


@pytest.mark.parametrize('size', [(1, 1), (1, 40), (40, 1)])
def test_a_picture_too_thin_to_shrink_stays_as_thin(size: tuple[int, int]) -> None:
    coded = code_within(np.zeros((*size, 3), np.uint8), 'JPEG', 10)

    assert coded.pixels.shape == (*size, 3)
