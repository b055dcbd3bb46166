"""A bag's images as pixels, as the robot reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from slim_split_ros.bags.images import BagImage
from slim_split_ros.bags.read import AnyBagImage, read_images
from slim_split_ros.onboard import ImageError, PixelView, decode_image, view_image


def read_pictures(
    bag: Path, topic: str, warn: Callable[[str], None]
) -> Iterator[np.ndarray]:
    """
    Yield uint8 (H, W, 3), BGR; raise BagError as `read_images` does.

    `warn` is told of each image that is left out because the robot could not read it.
    """
    for image in read_images(bag, topic, warn):
        try:
            view = view_pixels(image)
        except ImageError as error:
            warn(f'{bag}: {error}')
            continue
        yield view.as_bgr()


def view_pixels(image: AnyBagImage) -> PixelView:
    """View the pixels of an image; raise ImageError for one that the robot could not read."""
    if isinstance(image, BagImage):
        return view_image(image.encoding, image.width, image.height, image.step,
                          image.is_bigendian, image.data)
    return decode_image(image.data)
