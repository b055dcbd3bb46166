"""
Answer how an image message becomes pixels to look at.

The encodings themselves are `onboard/pixels.py`'s: a new one is added there.
"""

from collections.abc import Callable

from sensor_msgs.msg import CompressedImage, Image

from slim_split_ros.onboard import PixelView, decode_image, view_image

# Raise ImageError for a message whose fields contradict each other.
PixelReader = Callable[[Image | CompressedImage], PixelView]


def view_raw(message: Image) -> PixelView:
    """View a raw image, without a copy where the encoding allows it."""
    return view_image(
        message.encoding, message.width, message.height, message.step,
        bool(message.is_bigendian), message.data)


def decode_compressed(message: CompressedImage) -> PixelView:
    """Decode a compressed image."""
    return decode_image(message.data)
