
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from onnx import TensorProto
import pytest

from slim_split_ros.detectors import load_detector
from slim_split_ros.detectors.description import Convention
from slim_split_ros.offboard.decode import PictureInput, decode_frame
from slim_split_ros.offboard.errors import ServerError
from slim_split_ros.offboard.onnx_runtime import OnnxRuntime
from slim_split_ros.offboard.server import Server, load_server
from slim_split_ros.onboard.encoder import FrameEncoder
from slim_split_ros.weights import SHIPPED_MODEL
from slim_split_ros.wire.errors import ManifestError
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.header import Frame, FrameHeader
from slim_split_ros.wire.manifest import load_manifest
from support.bundles import give_detector, replace_file, reseal, write_tiny_bundle
from support.detector_graphs import constant_graph, save

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')


@pytest.fixture(scope='module')
def manifest(tmp_path_factory):
    return load_manifest(write_tiny_bundle(tmp_path_factory.mktemp('model')))


@pytest.fixture(scope='module')
def server(manifest):
    return load_server(manifest, device='cpu')


@pytest.fixture(scope='module')
def decoded(manifest):
    """Give a function from an image, a width and a rate to what the server decodes."""
    encoder = FrameEncoder(manifest)

    def through_the_wire(image, width=1.0, rate=0):
        encoded = encoder.encode(image, width, rate)
        header = FrameHeader(
            0, 0, encoded.geometry, width, rate, manifest.fingerprint, 0, encoded.encode_ms)
        return decode_frame(Frame(header, encoded.payload), manifest)

    return through_the_wire


def patch_at(x: int, y: int, size=(480, 640)) -> np.ndarray:
    """Return black with a white square of 64 pixels at (x, y)."""
    image = np.zeros((*size, 3), np.uint8)
    image[y:y + 64, x:x + 64] = 255
    return image


def lies_in_patch(box, x, y):
    """Tell whether a box has its centre in the square at (x, y)."""
    return x < box[0] + box[2] / 2 < x + 64 and y < box[1] + box[3] / 2 < y + 64


@pytest.mark.parametrize('rate', [0, 1])
@pytest.mark.parametrize('width', [0.25, 0.5, 0.75, 1.0])
def test_what_the_camera_saw_is_found_where_it_was(server, decoded, width, rate):
    (detections,) = server.detect([decoded(patch_at(400, 100), width, rate)])

    assert detections.scores[0] == pytest.approx(0.5)
    assert lies_in_patch(detections.boxes[0], 400, 100)


def test_a_batch_of_mixed_sizes_and_widths_comes_back_in_order(server, decoded):
    frames = [
        decoded(patch_at(0, 0), 0.25), decoded(patch_at(500, 300, (720, 1280)), 1.0),
        decoded(patch_at(300, 400), 0.5), decoded(patch_at(100, 500, (640, 480)), 0.75, rate=1),
    ]

    together = server.detect(frames)
    alone = [server.detect([frame])[0] for frame in frames]

    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.boxes, other.boxes)
        np.testing.assert_array_equal(one.labels, other.labels)
    assert [detections.labels[0] for detections in together] == [0, 3, 1, 2]


@pytest.mark.parametrize('most_together', [1, 4, 16])
def test_more_frames_than_fit_a_run_are_all_served_as_if_alone(
    manifest, server, decoded, most_together
):
    runtime = OnnxRuntime(manifest, 1)
    runtime.most_together = most_together
    frames = [decoded(patch_at(20 * place, 64)) for place in range(18)]

    found = Server(runtime, has_pictures=False).detect(frames)

    assert all(
        lies_in_patch(detections.boxes[0], 20 * place, 64)
        for place, detections in enumerate(found))
    for together, frame in zip(found, frames, strict=True):
        (alone,) = server.detect([frame])
        np.testing.assert_array_equal(together.boxes, alone.boxes)
        np.testing.assert_array_equal(together.scores, alone.scores)


@pytest.mark.torch
def test_a_batch_of_the_shipped_model_in_torch_is_answered_as_if_alone():
    from slim_split_ros.offboard.torch_runtime import TorchRuntime

    manifest = load_manifest(SHIPPED_MODEL)
    encoder = FrameEncoder(manifest)
    server = Server(TorchRuntime(manifest, 'cpu'), has_pictures=True)
    frames = [
        decode_frame(Frame(
            FrameHeader(0, 0, encoded.geometry, 0.5, 0, manifest.fingerprint, 0, 1.0),
            encoded.payload), manifest)
        for encoded in (encoder.encode(patch_at(x, x, (160, 160)), 0.5, 0) for x in (8, 40, 80))]

    together = server.serve(frames, 0.0, 20)

    assert server.most_together > 1
    for of_batch, frame in zip(together, frames, strict=True):
        (alone,) = server.serve([frame], 0.0, 20)
        assert np.abs(of_batch.picture.astype(int) - alone.picture).max() <= 1
        np.testing.assert_allclose(
            of_batch.detections.scores, alone.detections.scores, atol=1e-4)
        assert len(alone.detections) == 20


def test_where_a_batch_takes_as_long_as_its_frames_each_goes_alone(server):
    assert server.most_together == 1


def test_no_frames_give_no_detections(server):
    assert server.detect([]) == []


def test_threshold_and_limit_may_change_from_call_to_call(server, decoded):
    frame = decoded(patch_at(400, 100))

    assert len(server.detect([frame], score_threshold=0.6)[0]) == 0
    assert len(server.detect([frame], score_threshold=0.0, max_detections=2)[0]) == 2


@pytest.mark.parametrize('device', ['gpu', 'cuda:', 'cuda:x', 'cpu:0', ''])
def test_an_unknown_device_is_refused_with_the_choices(manifest, device):
    with pytest.raises(ServerError, match=f"device is '{device}', must be auto, cpu, cuda"):
        load_server(manifest, device)


def test_the_place_of_a_server_is_named_where_auto_chose_it(manifest, monkeypatch):
    monkeypatch.setattr('slim_split_ros.offboard.server.GPU_DEVICES', ())
    assert load_server(manifest, 'auto').place == 'the CPU with ONNX Runtime'


def test_a_detector_in_a_file_is_not_said_to_run_on_the_gpu():
    gpu = SimpleNamespace(place='cuda with torch', most_together=16)
    assert Server(gpu, has_pictures=True).place == 'cuda with torch'
    assert Server(gpu, has_pictures=True, detector=object()).place == (
        'cuda with torch, the detector on the CPU')


def test_torch_without_safetensors_serves_on_the_cpu_and_is_named_where_a_gpu_is_asked_for(
    manifest, monkeypatch
):
    server = 'slim_split_ros.offboard.server.'
    monkeypatch.setattr(f'{server}GPU_DEVICES', ('/',))
    monkeypatch.setattr(f'{server}find_spec', lambda name: name if name == 'torch' else None)

    assert load_server(manifest, 'auto').place == 'the CPU with ONNX Runtime'
    with pytest.raises(ServerError, match='safetensors is not installed: pip install safetensors'):
        load_server(manifest, 'cuda')


def test_a_missing_server_file_is_named(tmp_path):
    folder = write_tiny_bundle(tmp_path)
    (folder / 'server.onnx').unlink()

    with pytest.raises(ManifestError, match=r'server\.onnx cannot be read'):
        load_server(load_manifest(folder), 'cpu')


def test_a_file_that_is_no_graph_is_named_with_a_remedy(tmp_path):
    folder = write_tiny_bundle(tmp_path)
    replace_file(folder, 'server.onnx', b'no model')

    with pytest.raises(ServerError, match=r'server\.onnx does not load .*export'):
        load_server(load_manifest(folder), 'cpu')


def test_a_graph_with_other_inputs_is_refused_at_the_start(tmp_path):
    folder = write_tiny_bundle(tmp_path)
    replace_file(folder, 'server.onnx', (folder / 'encoder_w100.onnx').read_bytes())

    with pytest.raises(
            ManifestError, match='has the inputs image, gain, must have symbols, inverse_gain'):
        load_server(load_manifest(folder), 'cpu')


def test_a_server_for_more_channels_than_the_encoders_is_refused_at_the_start(tmp_path):
    folder = write_tiny_bundle(tmp_path)
    reseal(folder, lambda manifest: manifest['widths'].pop())

    with pytest.raises(
            ManifestError, match=r'symbols of .*server\.onnx is .*x16x.* must be .*x12x'):
        load_server(load_manifest(folder), 'cpu')


@pytest.fixture(scope='module')
def pictured(tmp_path_factory):
    """Give the manifest of a model that rebuilds pictures."""
    return load_manifest(
        write_tiny_bundle(tmp_path_factory.mktemp('pictured'), with_pictures=True))


def through_the_wire(manifest, image, width=1.0):
    encoded = FrameEncoder(manifest).encode(image, width, 0)
    header = FrameHeader(
        0, 0, encoded.geometry, width, 0, manifest.fingerprint, 0, encoded.encode_ms)
    return decode_frame(Frame(header, encoded.payload), manifest)


def test_the_picture_is_the_image_without_padding(pictured):
    image = patch_at(400, 100, (300, 640))

    (served,) = load_server(pictured, 'cpu').serve([through_the_wire(pictured, image)])

    assert served.picture.dtype == np.uint8
    assert served.picture.shape == (195, 416, 3)  # 224 rows with padding
    assert served.picture[80, 280].min() > 200 and served.picture[20, 20].max() < 30
    assert lies_in_patch(served.detections.boxes[0], 400, 100)


def test_pictures_that_nobody_wants_are_not_made(pictured):
    frame = through_the_wire(pictured, patch_at(400, 100))

    (served,) = load_server(pictured, 'cpu').serve([frame], with_pictures=False)

    assert served.picture is None
    assert lies_in_patch(served.detections.boxes[0], 400, 100)


def test_without_a_detector_there_are_pictures_alone(pictured):
    frame = through_the_wire(pictured, patch_at(400, 100))

    (served,) = load_server(pictured, 'cpu', detects=False).serve([frame])

    assert served.picture is not None and len(served.detections) == 0


def test_without_a_detector_and_a_listener_there_is_nothing_to_do(pictured):
    frame = through_the_wire(pictured, patch_at(160, 96))
    server = load_server(pictured, 'cpu', detects=False)
    (served,) = server.serve([frame], with_pictures=False)
    assert served.picture is None
    assert len(served.detections.scores) == 0


def end_to_end_detector(tmp_path, rows):
    graph = constant_graph({'output0': np.float32([rows])}, TensorProto.FLOAT, (1, 3, 640, 640))
    return load_detector(save(graph, tmp_path))


def test_boxes_of_another_detector_are_in_pixels_of_the_camera(pictured, tmp_path):
    # The left half of the input's width, of its letterbox of 640x480 the upper quarter.
    detector = end_to_end_detector(tmp_path, [[0, 80, 320, 200, 0.9, 2]])
    frame = through_the_wire(pictured, patch_at(400, 100, (960, 1280)))

    (served,) = load_server(pictured, 'cpu', detector=detector).serve([frame])

    np.testing.assert_allclose(served.detections.boxes, [[0, 0, 640, 240]], atol=1.0)
    assert served.detections.labels.tolist() == [2]


def test_boxes_of_another_detector_in_a_video_picture_are_in_pixels_of_the_camera(
        pictured, tmp_path):
    detector = end_to_end_detector(tmp_path, [[0, 80, 320, 200, 0.9, 2]])
    picture = PictureInput(np.zeros((240, 320, 3), np.uint8), FrameGeometry(1280, 960, 416, 320))

    (served,) = load_server(pictured, 'cpu', detector=detector).serve([picture])

    np.testing.assert_allclose(served.detections.boxes, [[0, 0, 640, 240]], atol=1.0)
    assert served.picture.shape == (240, 320, 3)


def test_steps_of_video_are_smoothed_for_those_who_look_and_for_nobody_else(
        pictured, tmp_path, monkeypatch):
    detector = end_to_end_detector(tmp_path, [[0, 80, 320, 200, 0.9, 2]])
    seen = []
    detect = detector.detect
    monkeypatch.setattr(
        detector, 'detect', lambda picture, *how: seen.append(picture) or detect(picture, *how))
    blocks = np.repeat(np.arange(100, 200, 5, np.uint8), 16)
    frame = PictureInput(np.tile(blocks[:, None], (240, 1, 3)), FrameGeometry(1280, 960, 416, 320))
    server = load_server(pictured, 'cpu', detector=detector)

    (looked_at,), (unseen,) = server.serve([frame]), server.serve([frame], with_pictures=False)

    assert all(picture is frame.picture for picture in seen)
    assert not np.array_equal(looked_at.picture, frame.picture)
    assert unseen.picture is None


def test_a_detector_that_fails_costs_no_picture(pictured, tmp_path):
    detector = end_to_end_detector(tmp_path, [[0, 80, 320, 200, 0.9, 2]])
    detector.description = replace(detector.description, convention=Convention.QUERIES)
    frame = through_the_wire(pictured, patch_at(400, 100))

    (served,) = load_server(pictured, 'cpu', detector=detector).serve([frame])

    assert served.picture is not None and len(served.detections) == 0
    assert 'are not those of convention queries' in served.problem


@pytest.mark.parametrize('row', [[np.nan, 80, 320, 200, 0.9, 2], [0, 80, 320, 200, np.nan, 2]])
def test_a_detector_that_gives_no_numbers_is_named_and_costs_no_picture(pictured, tmp_path, row):
    detector = end_to_end_detector(tmp_path, [row])
    frame = through_the_wire(pictured, patch_at(400, 100))

    (served,) = load_server(pictured, 'cpu', detector=detector).serve([frame])

    assert served.picture is not None and len(served.detections) == 0
    assert 'gives 1 boxes or scores that are not finite' in served.problem


def test_a_class_without_a_name_costs_no_picture(pictured, tmp_path):
    detector = end_to_end_detector(tmp_path, [[0, 80, 320, 200, 0.9, 2]])
    detector.description = replace(detector.description, names=('cup', 'saucer'))
    frame = through_the_wire(pictured, patch_at(400, 100))

    (served,) = load_server(pictured, 'cpu', detector=detector).serve([frame])

    assert len(served.detections) == 0 and served.picture is not None
    assert 'it finds class 2, counted from 0, but has 2 names' in served.problem


def test_a_model_without_pictures_takes_no_other_detector(manifest):
    with pytest.raises(ServerError, match='rebuilds no pictures: set the parameter `detector`'):
        load_server(manifest, 'cpu', detects=False)


@pytest.fixture
def with_detector(tmp_path):
    """Give the folder of a model whose detector finds one cup, in the upper left."""
    folder = write_tiny_bundle(tmp_path / 'model', with_pictures=True)
    rows = np.float32([[[0, 80, 320, 200, 0.9, 1]]])
    file = save(constant_graph({'output0': rows}, TensorProto.FLOAT, (1, 3, 640, 640)), tmp_path)
    give_detector(folder, file, ('saucer', 'cup'))
    return folder


def test_a_detector_of_the_models_folder_is_used(with_detector):
    manifest = load_manifest(with_detector)
    frame = through_the_wire(manifest, patch_at(400, 100, (960, 1280)))
    server = load_server(manifest, 'cpu')

    (served,) = server.serve([frame], with_pictures=False)

    np.testing.assert_allclose(served.detections.boxes, [[0, 0, 640, 240]], atol=1.0)
    assert manifest.classes[served.detections.labels[0]] == 'cup'
    assert 'end_to_end' in server.detector.description.sentence()


def test_another_detector_takes_the_place_of_the_folders(with_detector, tmp_path):
    manifest = load_manifest(with_detector)
    detector = end_to_end_detector(tmp_path, [[320, 320, 640, 440, 0.8, 7]])
    frame = through_the_wire(manifest, patch_at(400, 100))

    (found,) = load_server(manifest, 'cpu', detector=detector).detect([frame])

    assert found.labels.tolist() == [7]


def test_a_folders_detector_of_other_classes_than_its_manifest_is_refused(with_detector):
    reseal(with_detector, lambda manifest: manifest.update(classes=['saucer', 'plate']))

    with pytest.raises(ServerError, match=r'detector\.onnx finds 2 classes, .* not the same'):
        load_server(load_manifest(with_detector), 'cpu')


def test_a_folders_detector_that_is_no_graph_is_named_with_a_remedy(with_detector):
    replace_file(with_detector, 'detector.onnx', b'no model')

    with pytest.raises(ServerError, match=r'detector\.onnx cannot be loaded .*export'):
        load_server(load_manifest(with_detector), 'cpu')
