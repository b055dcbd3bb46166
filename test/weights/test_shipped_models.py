"""Is each shipped model whole, and does it answer at every width and rate without torch?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

import cv2
import numpy as np
import pytest

from slim_split_ros.offboard import FrameDecoder, decode_frame, load_server
from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.weights import SHIPPED_MODELS, model_folder
from slim_split_ros.weights.operating_point_file import find_operating_points
from slim_split_ros.wire import Coder, Frame, FrameHeader, Manifest, ManifestError, load_manifest

CELL = 16  # pixels of the network's input, which is the picture's size here
CODERS = {'general': Coder.CONTEXTS, 'robocup': Coder.CONTEXTS, 'ensemble': Coder.BITS}


@pytest.fixture(scope='module', params=sorted(SHIPPED_MODELS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope='module')
def manifest(name: str) -> Manifest:
    folder = SHIPPED_MODELS[name]
    if not folder.is_dir():
        pytest.skip(f'model {name} is not shipped')
    return load_manifest(folder)


def test_all_weights_together_are_small_enough_to_ship() -> None:
    folder = SHIPPED_MODELS['general'].parent
    assert sum(file.stat().st_size for file in folder.rglob('*') if file.is_file()) <= 60e6


def test_the_table_of_each_coder_buys_more_with_more_bytes(manifest: Manifest) -> None:
    """What noise makes better than its neighbours the policy would take for better."""
    table = find_operating_points(manifest)
    kinds = {(point.coder, point.alone) for point in table}
    for coder, alone in kinds:
        points = sorted((point for point in table if (point.coder, point.alone) == (coder, alone)),
                        key=lambda point: point.bytes)
        for cheaper, dearer in combinations(points, 2):
            if dearer.bytes > 3 * cheaper.bytes:
                assert dearer.ap50 > cheaper.ap50 - 0.03, (cheaper, dearer)


def modes(manifest: Manifest) -> Iterator[tuple[float, int]]:
    return ((entry.width, rate)
            for entry in manifest.widths for rate in range(manifest.rates))


def test_every_file_is_as_its_manifest_says(manifest: Manifest) -> None:
    for name in manifest.files:
        assert manifest.checked_file(name).is_file()


def test_every_mode_goes_from_picture_to_detections(name: str, manifest: Manifest) -> None:
    encoder, server = FrameEncoder(manifest), load_server(manifest, 'cpu')
    picture = np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    frames = []
    for width, rate in modes(manifest):
        encoded = encoder.encode(picture, width, rate)
        assert encoded.payload[0] == CODERS[name]
        header = FrameHeader(0, 0, encoded.geometry, width, rate, manifest.fingerprint, 0, 1.0)
        frames.append(decode_frame(Frame(header, encoded.payload), manifest))
    for found in server.detect(frames, score_threshold=0.0):
        assert np.isfinite(found.boxes).all() and len(found)


def test_a_plain_sky_by_general_has_neither_pattern_nor_seams() -> None:
    """In grey levels: of 2 nobody sees a step, and the camera's noise is 1.5."""
    manifest = load_manifest(SHIPPED_MODELS['general'])
    encoder, server = FrameEncoder(manifest), load_server(manifest, 'cpu', detects=False)
    rows, columns = np.mgrid[:312, :416]
    sky = np.stack([200 - 0.2 * rows + 8 * np.sin(columns / 70), 170 - 0.25 * rows,
                    120 - 0.2 * rows + 0.05 * columns], axis=-1)
    sky += np.random.default_rng(0).normal(0, 1.5, (*sky.shape[:2], 1))
    picture = cv2.circle(sky.clip(0, 255).astype(np.uint8), (300, 220), 30, (20, 30, 160), -1)
    for width, rate in modes(manifest):
        encoded = encoder.encode(picture, width, rate)
        header = FrameHeader(0, 0, encoded.geometry, width, rate, manifest.fingerprint, 0, 1.0)
        frame = decode_frame(Frame(header, encoded.payload), manifest)
        plain = server.serve([frame])[0].picture[:160].mean(axis=2)
        checker = plain[1:, 1:] - plain[1:, :-1] - plain[:-1, 1:] + plain[:-1, :-1]
        assert np.abs(checker).mean() < 1.0, (width, rate)
        for axis in (0, 1):
            steps = np.abs(np.diff(plain, axis=axis)).mean(axis=1 - axis)
            at_seams = np.arange(len(steps)) % CELL == CELL - 1
            assert steps[at_seams].mean() - steps[~at_seams].mean() < 2.0, (width, rate, axis)


@pytest.mark.data
@pytest.mark.parametrize(('video', 'thing'), [
    ('udacity_solidWhiteRight.mp4', 'car'), ('sam2_05_default_juggle.mp4', 'person')])
def test_general_shows_people_and_cars_of_a_street_at_every_width(
    video: str, thing: str, slim_split_data: Path
) -> None:
    """As `make demo SOURCE=` and a first launch do: no labels, no training."""
    manifest = load_manifest(SHIPPED_MODELS['general'])
    encoder, server = FrameEncoder(manifest), load_server(manifest, 'cpu')
    capture = cv2.VideoCapture(str(slim_split_data / 'video' / video))
    pictures = [capture.read()[1] for _ in range(220)][40::50]
    for entry in manifest.widths:
        found: set[str] = set()
        for picture in pictures:
            encoded = encoder.encode(picture, entry.width, 0)
            header = FrameHeader(0, 0, encoded.geometry, entry.width, 0, manifest.fingerprint, 0,
                                 1.0)
            frame = decode_frame(Frame(header, encoded.payload), manifest)
            labels = server.detect([frame])[0].labels
            found |= {manifest.classes[label] for label in labels}
        assert thing in found, (entry.width, found)


def test_every_mode_of_video_goes_from_picture_to_detections(manifest: Manifest) -> None:
    if not manifest.video:
        pytest.skip('the model has no points of video')
    encoder, decoder = FrameEncoder(manifest), FrameDecoder(manifest)
    picture = np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    inputs = []
    for sequence, (entry, rate) in enumerate(product(manifest.widths, range(len(manifest.video)))):
        encoded = encoder.encode(picture, entry.width, rate, coder='video', alone=False)
        header = FrameHeader(
            0, sequence, encoded.geometry, entry.width, rate, manifest.fingerprint, 0, 1.0,
            reference=None if encoded.alone else sequence - 1)
        inputs.append(decoder.decode(Frame(header, encoded.payload)))
    for found in load_server(manifest, 'cpu').detect(inputs, score_threshold=0.0):
        assert np.isfinite(found.boxes).all() and len(found)


def test_its_operating_points_are_its_modes(manifest: Manifest) -> None:
    points = find_operating_points(manifest)
    assert points is not None
    of_symbols = [point for point in points if point.coder != 'video']
    assert sorted((point.width, point.rate) for point in of_symbols) == list(modes(manifest))


def test_video_that_it_can_code_is_among_its_operating_points(manifest: Manifest) -> None:
    points = find_operating_points(manifest)
    assert points is not None
    of_video = [point for point in points if point.coder == 'video']
    for alone in (True, False):
        rates = {point.rate for point in of_video if point.alone is alone}
        assert rates == set(range(len(manifest.video)))


@pytest.mark.parametrize(
    'model', ['', 'generall', 'nowhere/at/all', 'a' * 300, '~nobody-of-this-name/model'])
def test_what_is_no_model_is_refused_with_the_names_of_those_that_are(model: str) -> None:
    with pytest.raises(ManifestError, match='neither a folder nor one of .*: give general, robo'):
        model_folder(model)
