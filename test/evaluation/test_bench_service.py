"""Is what serving takes measured at every setting, and by the clock that is given?"""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from slim_split_ros.coders import why_no_video_encoding
from slim_split_ros.evaluation.bench.service import encode_samples, measure_service
from slim_split_ros.offboard import ServerError
from slim_split_ros.wire import Manifest, load_manifest
from support.bundles import write_tiny_bundle

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')
FRAMES = [np.full((480, 640, 3), value, np.uint8) for value in (0, 90, 200)]


@pytest.fixture(scope='module')
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return load_manifest(write_tiny_bundle(
        tmp_path_factory.mktemp('video'), with_pictures=True, with_video=True))


def test_every_way_to_send_a_frame_is_measured_and_has_a_sample(manifest: Manifest) -> None:
    ticks = count()
    rows, place = measure_service(manifest, 'cpu', FRAMES, lambda: float(next(ticks)))
    names = [(row.coder, row.width, row.rate, row.alone) for row in rows]
    assert 'CPU' in place
    assert len(set(names)) == len(names)
    assert all(row.decode_ms == row.serve_ms == 1000.0 for row in rows)
    has_video = not why_no_video_encoding()
    widths, rates = len(manifest.widths), len(manifest.video)
    assert len(rows) == widths * manifest.rates + (2 * widths * rates if has_video else 0)

    samples = encode_samples(manifest, FRAMES)
    assert [(setting.coder, setting.width, setting.rate, encoded.alone)
            for setting, encoded in samples] == names


def test_a_device_that_is_not_there_is_an_error(manifest: Manifest) -> None:
    with pytest.raises(ServerError, match='device'):
        measure_service(manifest, 'toaster', FRAMES, lambda: 0.0)
