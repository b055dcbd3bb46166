"""
How a camera image lies in the network's input, which both sides compute from four sizes.

It moves no pixels: `onboard/letterbox.py` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from slim_split_ros.wire.errors import GeometryError

# Pixels. Bounds what a header or a camera can make this process allocate; 8K video is 7,680 wide.
# The package's __init__ tells OpenCV the same.
MAX_IMAGE_SIDE = 8_192
MAX_INPUT_SIDE = 4_096


@dataclass(frozen=True, slots=True)
class FrameGeometry:
    """
    Tie the sizes of an image to those of the network input that it was letterboxed into.

    The image is scaled so that its longer side is the input's longer side, and lies at the top
    left; what remains to the right or below is padding.

    >>> geometry = FrameGeometry.fit(640, 480, long_side=416, multiple=32)
    >>> geometry.input_width, geometry.input_height, geometry.resized_height
    (416, 320, 312)
    >>> geometry.scale
    0.65
    """

    image_width: int
    image_height: int
    input_width: int
    input_height: int

    def __post_init__(self) -> None:
        """Refuse sizes without meaning, and an input that the image does not fit into."""
        for name, limit in (
            ('image_width', MAX_IMAGE_SIDE),
            ('image_height', MAX_IMAGE_SIDE),
            ('input_width', MAX_INPUT_SIDE),
            ('input_height', MAX_INPUT_SIDE),
        ):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= limit:
                raise GeometryError(f'{name} is {value!r:.40}, must be 1 to {limit} pixels')
        if self.resized_width > self.input_width or self.resized_height > self.input_height:
            raise GeometryError(
                f'an image of {self.image_width}x{self.image_height} pixels does not fit into a '
                f'network input of {self.input_width}x{self.input_height}: both must have '
                'their longer side in the same direction')

    @classmethod
    def fit(
        cls, image_width: int, image_height: int, long_side: int, multiple: int
    ) -> FrameGeometry:
        """
        Choose the smallest input with sides of `multiple` and the longer one `long_side`.

        Raises GeometryError for an image without pixels or beyond MAX_IMAGE_SIDE.
        """
        if long_side < 1 or multiple < 1 or long_side % multiple:
            raise GeometryError(
                f'input_long_side {long_side} is not a multiple of input_multiple {multiple}')
        if image_width < 1 or image_height < 1:
            raise GeometryError(
                f'image of {image_width}x{image_height} pixels: both sides must be at least 1')
        longest = max(image_width, image_height)
        sides = [
            -(-_scaled(side, long_side, longest) // multiple) * multiple
            for side in (image_width, image_height)
        ]
        return cls(image_width, image_height, *sides)

    @property
    def scale(self) -> float:
        """Input pixels per image pixel."""
        return max(self.input_width, self.input_height) / max(self.image_width, self.image_height)

    @property
    def resized_width(self) -> int:
        """Columns of the input that the image covers."""
        return self._resized(self.image_width)

    @property
    def resized_height(self) -> int:
        """Rows of the input that the image covers."""
        return self._resized(self.image_height)

    def _resized(self, side: int) -> int:
        return _scaled(
            side,
            max(self.input_width, self.input_height),
            max(self.image_width, self.image_height),
        )


def _scaled(side: int, long_side: int, longest: int) -> int:
    # In integers, so that both sides round alike on every machine; a sliver keeps one pixel.
    return max(1, (2 * side * long_side + longest) // (2 * longest))
