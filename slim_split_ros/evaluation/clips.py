"""Pictures in the order of time, recording by recording, as a camera would hand them over."""

from __future__ import annotations

from dataclasses import dataclass

from slim_split_ros.evaluation.errors import EvaluationError
from slim_split_ros.training.data.coco_folder import CocoSplit, LabelledImage


@dataclass(frozen=True, slots=True)
class Clip:
    """The pictures of one recording, earliest first, and each one's seconds since the first."""

    name: str
    images: tuple[LabelledImage, ...]
    times_s: tuple[float, ...]


def find_clips(split: CocoSplit) -> tuple[Clip, ...]:
    """
    Return the clips of a split by name.

    Raises EvaluationError where pictures have no time, or one clip changes its picture size.
    """
    untimed = [image for image in split.images if image.timestamp_s is None]
    if untimed:
        raise EvaluationError(
            f'{split.annotation_file}: {len(untimed)} of {len(split.images)} pictures have no '
            f'time, {untimed[0].path.name} first: give every image "timestamp" in seconds, and '
            '"sequence" where there are several clips')
    clips: dict[str, list[LabelledImage]] = {}
    for image in split.images:
        clips.setdefault(image.recording, []).append(image)
    return tuple(_clip(name, images) for name, images in sorted(clips.items()))


def _clip(name: str, images: list[LabelledImage]) -> Clip:
    images.sort(key=lambda image: image.timestamp_s)
    first = images[0]
    odd = [image for image in images
           if (image.width, image.height) != (first.width, first.height)]
    if odd:
        raise EvaluationError(
            f'{odd[0].path}: is {odd[0].width}x{odd[0].height}, its clip {name!r} began with '
            f'{first.width}x{first.height}: give other sizes a sequence of their own')
    return Clip(name, tuple(images), tuple(
        image.timestamp_s - first.timestamp_s for image in images))
