"""When the images of a bag come: seconds from the first on, and what is odd about their times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slim_split_ros.bags.read import AnyBagImage

_NS_PER_S = 1_000_000_000
_GAP_S = 1.0
# A recorder that ran for days is not waited for; clocks that were set jump by years.
_LONGEST_GAP_S = 10.0
# A stamp is the exposure's and the recording comes after it, a little sooner or later each time.
_JUMP_S = 1.0


@dataclass(frozen=True, slots=True)
class TimedImage:
    """
    Hold an image, its place in the bag from 0, and when it comes, seconds from the first on.

    `recorded_ns` of a time `now_s` is `origin_ns` and that time.
    """

    number: int
    due_s: float
    origin_ns: int
    image: AnyBagImage


class BagTiming:
    """Give images their times, as recorded; time never goes back, and long gaps are cut."""

    def __init__(self) -> None:
        self._gaps: list[tuple[float, int]] = []
        self._jumps: list[tuple[float, int]] = []
        self._repeated = self._backward = 0

    def times(self, images: Iterator[AnyBagImage]) -> Iterator[TimedImage]:
        """Yield each image with its time."""
        before, due_s, origin_ns = None, 0.0, 0
        for number, image in enumerate(images):
            if before is None:
                origin_ns = image.recorded_ns
            else:
                step_s = self._note(before, image, number)
                due_s += min(max(step_s, 0.0), _LONGEST_GAP_S)
                if not 0.0 <= step_s <= _LONGEST_GAP_S:
                    origin_ns = image.recorded_ns - round(due_s * _NS_PER_S)
            yield TimedImage(number, due_s, origin_ns, image)
            before = image

    def notes(self) -> list[str]:
        """Return a sentence for each kind of oddity that was met."""
        notes = []
        if self._gaps:
            longest_s, number = max(self._gaps)
            cut = f', replayed as {_LONGEST_GAP_S:g} s' if longest_s > _LONGEST_GAP_S else ''
            notes.append(f'gaps of more than {_GAP_S:g} s without an image: {len(self._gaps)}; '
                         f'the longest, before image {number}, has {longest_s:.1f} s{cut}')
        if self._backward:
            notes.append(f'images recorded before the one they follow: {self._backward}; they '
                         'are replayed in the order of the file: `ros2 bag convert` sorts them')
        if self._jumps:
            furthest_s, number = max(self._jumps, key=lambda jump: abs(jump[0]))
            notes.append(f'stamps that jump against the time of recording: {len(self._jumps)}; '
                         f'the furthest, of image {number}, by {furthest_s:.1f} s: images are '
                         'replayed when they were recorded, under the stamps they have')
        if self._repeated:
            notes.append(f'images with the stamp of the one before: {self._repeated}; who matches '
                         'detections by stamp takes one for the other')
        return notes

    def _note(self, before: AnyBagImage, image: AnyBagImage, number: int) -> float:
        """Note what is odd between two images; return the seconds between their recordings."""
        recorded_s = (image.recorded_ns - before.recorded_ns) / _NS_PER_S
        stamped_s = (image.stamp_ns - before.stamp_ns) / _NS_PER_S
        if recorded_s > _GAP_S:
            self._gaps.append((recorded_s, number))
        self._backward += recorded_s < 0.0
        self._repeated += image.stamp_ns == before.stamp_ns
        if abs(stamped_s - recorded_s) > _JUMP_S:
            self._jumps.append((stamped_s - recorded_s, number))
        return recorded_s
