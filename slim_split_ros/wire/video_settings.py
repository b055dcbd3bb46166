"""
What a model says of its points as video: how large a picture is coded, and how finely where.

It codes nothing: `coders/` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from slim_split_ros.wire.errors import GeometryError
from slim_split_ros.wire.geometry import MAX_IMAGE_SIDE

# Pixels. Bounds what a decoder takes for one frame: 4,096x4,096 are 24 MB, and 100 ms.
MAX_CODED_SIDE = 4_096
# A macroblock: of less, nothing remains to be seen.
MIN_CODED_SIDE = 16


@dataclass(frozen=True, slots=True)
class CodedSize:
    """Hold the sides of a coded picture in pixels, both even."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """
    Say how a picture is coded as video.

    `long_side` is the longer side of the coded picture in pixels. `background` is the quantizer
    of cells at level 0, as a share of the coarsest (51 in H.264), 0 to 1; `offsets` are added to
    it at levels 1, 2, …, and are negative where a level is coded finer. Raises ValueError naming
    what is out of range.
    """

    long_side: int
    background: float
    offsets: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what no coder can do."""
        if not (type(self.long_side) is int
                and MIN_CODED_SIDE <= self.long_side <= MAX_CODED_SIDE):
            raise ValueError(f'long_side is {self.long_side!r:.40}, must be {MIN_CODED_SIDE} to '
                             f'{MAX_CODED_SIDE} pixels')
        if not _is_share(self.background, 0.0):
            raise ValueError(f'background is {self.background!r:.40}, must be 0 to 1')
        if not self.offsets or not all(_is_share(offset, -1.0) for offset in self.offsets):
            raise ValueError(f'offsets are {self.offsets!r:.40}, must be numbers of -1 to 1, one '
                             'for each level above 0')

    def coded_size(self, image_width: int, image_height: int) -> CodedSize:
        """
        Return the size at which an image is coded: never larger than the image.

        Raises GeometryError for an image without pixels, beyond any limit, or so narrow that no
        two pixels of a side remain.

        >>> VideoSettings(320, 1.0, (-0.1, -0.3)).coded_size(640, 480)
        CodedSize(width=320, height=240)
        """
        longest = max(image_width, image_height)
        if not (1 <= min(image_width, image_height) and longest <= MAX_IMAGE_SIDE):
            raise GeometryError(f'image of {image_width}x{image_height} pixels: both sides must '
                                f'be 1 to {MAX_IMAGE_SIDE}')
        long_side = min(self.long_side, longest)
        # Rounded to even in integers, so that both sides of the link get the same; never up
        # beyond the image.
        width, height = (
            min((side * long_side + longest) // (2 * longest) * 2, side // 2 * 2)
            for side in (image_width, image_height))
        if min(width, height) < 2:
            raise GeometryError(
                f'image of {image_width}x{image_height} pixels leaves {width}x{height} at a '
                f'longer side of {self.long_side}: video needs at least 2x2')
        return CodedSize(width, height)


def _is_share(value: object, least: float) -> bool:
    return type(value) in (int, float) and least <= value <= 1.0
