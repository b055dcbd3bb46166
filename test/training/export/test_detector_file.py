"""Does a detector come whole into a model folder, understood as it was outside?"""

from __future__ import annotations

from pathlib import Path
import shutil

import numpy as np
import pytest

pytest.importorskip('torch', reason='make setup-training')
onnx = pytest.importorskip('onnx', reason='make setup-training')

from slim_split_ros.__main__ import main  # noqa: E402
from slim_split_ros.detectors import load_detector  # noqa: E402
from slim_split_ros.offboard import load_server  # noqa: E402
from slim_split_ros.onboard import FrameEncoder  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from slim_split_ros.training.export.detector_file import copy_detector  # noqa: E402
from slim_split_ros.training.export.model_folder import set_video  # noqa: E402
from slim_split_ros.weights import SHIPPED_MODELS  # noqa: E402
from slim_split_ros.wire import load_manifest  # noqa: E402
from slim_split_ros.wire.video_settings import VideoSettings  # noqa: E402
from support.detector_graphs import PICTURE, constant_graph, save  # noqa: E402
from support.drawn_data import write_drawn_data  # noqa: E402
from support.small_networks import write_untrained_model  # noqa: E402

ROWS = np.float32([[[10, 20, 110, 220, 0.9, 1]]])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a detector whose YAML overrules nearly everything, and has names in another file."""
    (tmp_path / 'there').mkdir()
    file = save(constant_graph({'output0': ROWS}, 1, (1, 3, 320, 320)), tmp_path / 'there')
    (tmp_path / 'there' / 'my labels').write_text('saucer\ncup\n')
    file.with_suffix('.yaml').write_text(
        'names: my labels\nresize: stretch\nchannels: bgr\nscale: 0.5\nmean: [1, 2, 3]\n'
        'deviation: [4, 5, 6]\nnms_iou: 0.25\nbox_units: input\nlayout: nchw\n'
        'input_size: [320, 320]\nconvention: end_to_end\n')
    return file


def test_a_copied_detector_is_understood_as_the_original(source, tmp_path):
    outside = load_detector(source)

    inside = copy_detector(source, tmp_path)

    assert inside.classes == ('saucer', 'cup')
    assert inside.description.sentence() == outside.description.sentence().replace(
        'my labels', 'detector.yaml')
    np.testing.assert_array_equal(inside.detect(PICTURE).boxes, outside.detect(PICTURE).boxes)


def test_weights_beside_the_file_come_along(tmp_path):
    model = constant_graph({'output0': np.repeat(ROWS, 200, axis=1)}, 1, (1, 3, 320, 320))
    (tmp_path / 'there').mkdir()
    onnx.save(model, tmp_path / 'there' / 'detector.onnx', save_as_external_data=True,
              location='weights.bin', size_threshold=0)

    copy_detector(tmp_path / 'there' / 'detector.onnx', tmp_path)

    assert not (tmp_path / 'weights.bin').exists()
    assert len(load_detector(tmp_path / 'detector.onnx').detect(PICTURE)) > 0


def test_an_exported_model_serves_with_the_detector_it_was_given(source, tmp_path):
    write_drawn_data(tmp_path / 'data', 'train', 4)
    write_untrained_model(
        tmp_path / 'model', [load_split(tmp_path / 'data', 'train').images], source)

    manifest = load_manifest(tmp_path / 'model')

    assert manifest.classes == ('saucer', 'cup')
    assert not (tmp_path / 'model' / 'detect.onnx').exists()
    assert load_server(manifest, 'cpu').detector.classes == ('saucer', 'cup')


def test_export_takes_a_detector_and_another_input_size(source, tmp_path):
    write_drawn_data(tmp_path / 'data', 'train', 4)
    write_untrained_model(
        tmp_path / 'model', [load_split(tmp_path / 'data', 'train').images])

    assert main([
        'export', '--checkpoint', str(tmp_path / 'model'), '--data', str(tmp_path / 'data'),
        '--detector', str(source), '--input-long-side', '352', '--output', str(tmp_path / 'new'),
    ]) == 0

    manifest = load_manifest(tmp_path / 'new')
    frame = FrameEncoder(manifest).encode(PICTURE, 1.0, 0)
    assert manifest.classes == ('saucer', 'cup') and manifest.input_long_side == 352
    assert (frame.geometry.input_width, frame.geometry.input_height) == (352, 288)
    # The same weights.
    name = 'encoder_w050.onnx'
    assert (tmp_path / 'new' / name).read_bytes() == (tmp_path / 'model' / name).read_bytes()


def test_a_folder_that_is_exported_again_keeps_its_detector_and_its_rates_of_video(
    source, tmp_path
):
    write_drawn_data(tmp_path / 'data', 'train', 4)
    write_untrained_model(
        tmp_path / 'model', [load_split(tmp_path / 'data', 'train').images], source)
    set_video(tmp_path / 'model', [VideoSettings(64, 0.8, (-0.1, -0.2))])

    assert main([
        'export', '--checkpoint', str(tmp_path / 'model'), '--data', str(tmp_path / 'data'),
        '--output', str(tmp_path / 'new')]) == 0

    before, after = (load_manifest(tmp_path / name) for name in ('model', 'new'))
    assert after.classes == before.classes == ('saucer', 'cup')
    assert after.video == before.video != ()


def test_weights_without_any_detector_are_refused_before_anything_is_counted(
    tmp_path, capsys
):
    shutil.copy(SHIPPED_MODELS['general'] / 'model.safetensors', tmp_path)

    assert main(['export', '--checkpoint', str(tmp_path), '--output', str(tmp_path / 'new'),
                 '--data', str(tmp_path)]) == 1

    assert 'has no detector of its own: give one with --detector' in capsys.readouterr().err
    assert not (tmp_path / 'new').exists()


@pytest.mark.parametrize('more', [
    ['--detector', 'a.onnx'], ['--input-long-side', '640']])
def test_what_tables_alone_do_not_take_is_wrong_use(more, tmp_path, capsys):
    assert main(['export', '--tables-only', '--checkpoint', str(tmp_path), *more]) == 2
    assert '--tables-only leaves graphs as they are' in capsys.readouterr().err
