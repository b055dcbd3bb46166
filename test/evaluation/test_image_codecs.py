"""Pictures as rivals: what is timed, what is counted, what comes back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip('torch')
pytest.importorskip('onnxruntime')

from slim_split_ros.evaluation.codecs.codec import Sent  # noqa: E402
from slim_split_ros.evaluation.codecs.image_codecs import LocalCodec, PictureCodec, RawCodec  # noqa: E402
from slim_split_ros.evaluation.codecs.picture_detector import DetectedPicture  # noqa: E402
from slim_split_ros.evaluation.figures.points import Setting  # noqa: E402

pytestmark = pytest.mark.torch


class SizeKeeper:
    """In place of a detector: remember the pictures shown."""

    def __init__(self) -> None:
        self.shown: list[np.ndarray] = []

    def detect(self, image: np.ndarray) -> DetectedPicture:
        self.shown.append(image)
        return DetectedPicture(len(self.shown), 7.0, 5.0)


def picture() -> np.ndarray:
    ramp = np.linspace(0, 255, 120).astype(np.uint8)
    return np.broadcast_to(ramp[None, :, None], (90, 120, 3)).copy()


def ticks() -> Iterator[float]:
    yield from (0.0, 0.004)


@pytest.mark.parametrize('codec', ['jpeg', 'webp'])
def test_a_shrunk_picture_comes_back_at_its_own_size(codec: str) -> None:
    detector = SizeKeeper()
    setting = Setting(codec, quality=90, scale=0.5)
    sender = PictureCodec(codec, detector, clock=ticks().__next__)
    sent = sender.encode(picture(), setting)
    sender.detect(sent, setting)
    assert detector.shown[0].shape == (90, 120, 3)
    assert np.abs(detector.shown[0].astype(int) - picture()).mean() < 4
    assert sent.encode_ms == pytest.approx(4.0)
    assert sent.bytes == len(sent.content.data) + 40


def test_a_raw_picture_arrives_undamaged() -> None:
    detector = SizeKeeper()
    sender = RawCodec(detector)
    sender.detect(sender.encode(picture(), sender.settings[0]), sender.settings[0])
    assert np.array_equal(detector.shown[0], picture())


def test_the_robots_own_detector_sends_nothing_and_takes_all_its_time() -> None:
    sender = LocalCodec(SizeKeeper())
    sent = sender.encode(picture(), sender.settings[0])
    assert sent == Sent(1, 0, 7.0, 5.0)
    assert sender.detect(sent, sender.settings[0]) == 1
