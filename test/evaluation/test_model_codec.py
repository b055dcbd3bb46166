"""Our codec in evaluation is the two nodes' path: every coder, alone or linked."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('torch')
pytest.importorskip('onnxruntime')
pytest.importorskip('av')

from slim_split_ros.evaluation.codecs.model_codec import ModelCodec, slim_settings  # noqa: E402
from slim_split_ros.wire.manifest import Manifest, load_manifest  # noqa: E402
from support.bundles import GAINS, VIDEO, WIDTHS, write_tiny_bundle  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(scope='module')
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp('bundle')
    return load_manifest(write_tiny_bundle(folder, with_pictures=True, with_video=True))


def patch(number: int = 0) -> np.ndarray:
    """Return a white patch on black that moves on by some pixels a frame."""
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[160:240, 160 + 4 * number:240 + 4 * number] = 255
    return picture


def test_settings_are_every_coder_width_and_rate_with_links_only_for_video(
    manifest: Manifest
) -> None:
    alone = slim_settings(manifest)
    assert len(alone) == len(WIDTHS) * (len(GAINS) + len(VIDEO))
    assert all(setting.alone for setting in alone)
    linked = [setting for setting in slim_settings(manifest, alone_only=False)
              if not setting.alone]
    assert {(setting.coder, setting.width, setting.rate) for setting in linked} == {
        ('video', width, rate) for width in WIDTHS for rate in range(len(VIDEO))}
    names = {setting.name for setting in [*alone, *linked]}
    assert len(names) == len(alone) + len(linked)
    assert {setting.long_side for setting in linked} == {320, 160}


def test_a_picture_by_video_is_decoded_and_detected_alone(manifest: Manifest) -> None:
    settings = [setting for setting in slim_settings(manifest) if setting.coder == 'video']
    codec = ModelCodec(manifest, settings)
    codec.encode(patch(3), settings[0])
    sent = codec.encode(patch(), settings[0])
    assert sent.content.alone
    assert sent.bytes > len(sent.content.payload)
    assert len(codec.detect(sent, settings[0]).boxes) > 0


def test_linked_frames_are_smaller_and_decode_in_their_order(manifest: Manifest) -> None:
    settings = slim_settings(manifest, alone_only=False)
    linked = next(setting for setting in settings if setting.alone is False)
    codec = ModelCodec(manifest, settings)
    stream = codec.start(linked)
    sent = [stream.encode(patch(number)) for number in range(4)]
    assert [each.content.alone for each in sent] == [True, False, False, False]
    assert max(each.bytes for each in sent[1:]) < sent[0].bytes
    for each in sent:
        assert len(stream.detect(stream.receive(each)).boxes) > 0


def test_a_new_clip_needs_nothing_of_the_one_before(manifest: Manifest) -> None:
    settings = slim_settings(manifest, alone_only=False)
    linked = next(setting for setting in settings if setting.alone is False)
    codec = ModelCodec(manifest, settings)
    codec.start(linked).encode(patch())
    assert codec.start(linked).encode(patch(1)).content.alone
