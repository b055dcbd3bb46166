"""`evaluate` on a data set it has never seen: figures that anyone can recompute."""

from __future__ import annotations

from collections.abc import Iterable
import json
from pathlib import Path
import shutil

import cv2
import numpy as np
import pytest

pytest.importorskip('torch')
pytest.importorskip('onnxruntime')

from slim_split_ros.__main__ import main  # noqa: E402
from slim_split_ros.evaluation.codecs.rivals import find_rivals  # noqa: E402
from slim_split_ros.evaluation.evaluate import CODECS, available_codecs  # noqa: E402
from slim_split_ros.evaluation.figures.coco_metrics import load_ground_truth, measure_accuracy  # noqa: E402
from slim_split_ros.networks.rivals.stored import StoredRivals, save_rivals  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from slim_split_ros.wire.manifest import load_manifest  # noqa: E402
from slim_split_ros.wire.message_size import encoded_frame_bytes  # noqa: E402
from support.detector_graphs import constant_graph, save  # noqa: E402
from support.drawn_data import (  # noqa: E402
    CLASSES,
    read_annotations,
    write_annotations,
    write_drawn_data,
)
from support.small_networks import untrained_rivals, write_untrained_model  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('data')
    write_drawn_data(folder, 'val', 6)
    return folder


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    folder = tmp_path_factory.mktemp('model')
    write_untrained_model(folder, [load_split(data, 'val').images])
    return folder


@pytest.fixture(scope='module')
def stored(data: Path) -> StoredRivals:
    return untrained_rivals([load_split(data, 'val').images])


@pytest.fixture(scope='module')
def with_rivals(tmp_path_factory: pytest.TempPathFactory, model: Path, stored: StoredRivals
                ) -> Path:
    folder = tmp_path_factory.mktemp('compared') / 'model'
    shutil.copytree(model, folder)
    save_rivals(stored, folder.parent / 'rivals' / 'rivals.safetensors')
    return folder


def run(data: Path, model: Path, *more: str) -> int:
    return main(['evaluate', '--data', str(data), '--checkpoint', str(model), *more])


def test_every_width_and_rate_is_a_point_with_its_figures(
    data: Path, model: Path, tmp_path: Path
) -> None:
    file = tmp_path / 'figures.json'
    report = tmp_path / 'report.html'
    assert run(data, model, '--codecs', 'slim', '--json', str(file), '--report',
               str(report)) == 0
    assert 'slim by cells, width 0.25, rate 1' in report.read_text()
    figures = json.loads(file.read_text())
    by_cells = [point for point in figures['points'] if point['coder'] == 'cells']
    named = {(point['width'], point['rate']) for point in by_cells}
    assert named == {(width, rate) for width in (0.25, 0.5, 0.75, 1.0) for rate in (0, 1)}
    assert {'ap50', 'ap'} <= set(figures['detector'])
    assert figures['jpeg80_ms'] > 0
    for point in by_cells:
        assert (point['codec'], point['alone']) == ('slim', True)
        assert point['default'] == (point['rate'] == 0)
        assert point['bytes'] > 70  # the message's header is counted
        assert point['encode_ms_p95'] >= point['encode_ms_p50'] > 0
        assert point['encode_ms'] >= point['network_ms'] > 0


def test_dumped_detections_give_the_reported_accuracy(
    data: Path, model: Path, tmp_path: Path
) -> None:
    file = tmp_path / 'figures.json'
    assert run(data, model, '--codecs', 'slim', '--json', str(file), '--dump',
               str(tmp_path / 'dump')) == 0
    truth = load_ground_truth(data / 'annotations/instances_val.json')
    for point in json.loads(file.read_text())['points']:
        name = f'slim_w{round(100 * point["width"]):03d}_r{point["rate"]}.json'
        accuracy = measure_accuracy(truth, json.loads((tmp_path / 'dump' / name).read_text()))
        assert accuracy.ap50 == pytest.approx(point['ap50'], abs=1e-4)


def test_image_codecs_are_points_of_quality_and_scale(
    data: Path, model: Path, tmp_path: Path
) -> None:
    file = tmp_path / 'figures.json'
    assert run(data, model, '--codecs', 'jpeg', '--json', str(file)) == 0
    points = json.loads(file.read_text())['points']
    full = {point['quality']: point['bytes'] for point in points if point['scale'] == 1.0}
    assert len(full) == 10
    assert full[5] < full[90]


def measured(data: Path, model: Path, folder: Path, codecs: str) -> list[dict]:
    file = folder / 'figures.json'
    assert run(data, model, '--codecs', codecs, '--json', str(file)) == 0
    return json.loads(file.read_text())['points']


def test_the_papers_bytes_follow_from_its_bits_alone(
    data: Path, with_rivals: Path, tmp_path: Path
) -> None:
    points = measured(data, with_rivals, tmp_path, 'paper')
    assert {(point['members'], point['bits'], point['width'], point['rate'])
            for point in points} == {
        (members, bits, members / 4, 4 - bits)
        for members in range(1, 5) for bits in range(1, 5)}
    for point in points:
        values = 6 * (128 // 4) * (96 // 4)
        payload = 1 + values * point['bits'] // 8  # the first byte names the coder
        assert point['bytes'] == encoded_frame_bytes('camera', payload)
        assert point['default'] == (point['bits'] == 4)


def test_codecs_of_one_setting_are_one_point_each(
    data: Path, with_rivals: Path, tmp_path: Path
) -> None:
    points = measured(data, with_rivals, tmp_path, 'late,entropic,none,local')
    assert [point['codec'] for point in points] == ['entropic', 'late', 'none', 'local']
    by_codec = {point['codec']: point for point in points}
    assert all('width' not in point and 'rate' not in point for point in points)
    assert by_codec['none']['bytes'] == pytest.approx(128 * 96 * 3 + 52)
    assert by_codec['none']['encode_ms'] == 0
    assert by_codec['local']['bytes'] == 0
    for name in ('entropic', 'late', 'local'):
        assert by_codec[name]['encode_ms'] > by_codec[name]['network_ms'] > 0


def test_the_codec_without_slimming_has_every_rate(
    data: Path, with_rivals: Path, tmp_path: Path
) -> None:
    points = measured(data, with_rivals, tmp_path, 'static')
    assert [(point['width'], point['rate'], point['default']) for point in points] == [
        (1.0, 0, True), (1.0, 1, False)]


def test_without_codecs_named_all_that_are_there_are_measured(
    data: Path, with_rivals: Path, model: Path, stored: StoredRivals
) -> None:
    manifest = load_manifest(with_rivals)
    found = find_rivals(manifest, shipped=Path('nowhere'))
    assert set(CODECS) - set(available_codecs(found)) <= {'h264'}
    none = find_rivals(load_manifest(model), shipped=Path('nowhere'))
    assert set(available_codecs(none)) - {'h264'} == {'slim', 'jpeg', 'webp', 'none'}


def test_rivals_of_other_classes_are_not_taken(
    data: Path, model: Path, tmp_path: Path
) -> None:
    images = [load_split(data, 'val').images]
    save_rivals(untrained_rivals(images, ('coin', 'bill')), tmp_path / 'rivals.safetensors')
    assert find_rivals(load_manifest(model), tmp_path / 'rivals.safetensors') is None


def test_missing_rivals_say_how_to_make_them(
    data: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, model, '--codecs', 'paper') == 1
    error = capsys.readouterr().err
    assert error.count('\n') == 1
    assert str(model / 'rivals.safetensors') in error and 'train --rivals' in error


def test_all_codecs_without_rivals_are_the_others_and_a_line_says_so(
    data: Path, model: Path, without_pyav: None, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr('slim_split_ros.commands.evaluate.SHIPPED_RIVALS', Path('nowhere'))
    monkeypatch.setattr('slim_split_ros.evaluation.evaluate.IMAGE_CODECS', ())
    assert run(data, model) == 0
    said = capsys.readouterr()
    assert 'slim_w025_r0' in said.out
    assert 'evaluate: without paper, entropic, static, late, local' in said.err
    assert 'evaluate: without h264: ' in said.err


def test_plain_h264_is_a_point_of_scale_and_rate_factor(
    data: Path, model: Path, tmp_path: Path
) -> None:
    pytest.importorskip('av')
    points = measured(data, model, tmp_path, 'h264')
    full = {point['crf']: point['bytes'] for point in points if point['scale'] == 1.0}
    assert len(points) == 4 * len(full)
    assert full[16] > full[51]
    assert {point['preset'] for point in points} == {'veryfast'}


def test_h264_without_pyav_is_refused_with_the_way_out(
    data: Path, model: Path, without_pyav: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, model, '--codecs', 'h264') == 1
    assert 'h264 cannot be measured: ' in capsys.readouterr().err


def test_the_half_that_judges_is_measured_alone_and_named(
    tmp_path: Path, model: Path
) -> None:
    write_drawn_data(tmp_path, 'val', 8)
    data = read_annotations(tmp_path, 'val')
    for number, image in enumerate(data['images']):
        image['sequence'] = f'hall {number // 2}'
    write_annotations(tmp_path, 'val', data['images'], data['annotations'])
    file = tmp_path / 'figures.json'
    for half in ('choose', 'judge'):
        assert run(tmp_path, model, '--codecs', 'none', '--half', half, '--json', str(file)) == 0
        told = json.loads(file.read_text())
        assert (told['data']['half'], told['data']['pictures']) == (half, 4)
    assert told['data']['recordings'] == ['hall 2', 'hall 3']


def test_halves_of_pictures_that_name_no_recording_are_refused(
    data: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, model, '--half', 'judge') == 1
    assert '"sequence"' in capsys.readouterr().err


def test_some_of_the_pictures_are_spread_over_all(data: Path, model: Path, tmp_path: Path
                                                  ) -> None:
    file = tmp_path / 'figures.json'
    assert run(data, model, '--codecs', 'none', '--pictures', '2', '--json', str(file)) == 0
    assert json.loads(file.read_text())['data']['pictures'] == 2


def test_a_split_without_boxes_is_refused(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_drawn_data(tmp_path, 'val', 1)
    write_annotations(tmp_path, 'val', read_annotations(tmp_path, 'val')['images'], [])
    assert run(tmp_path, model) == 1
    assert 'has no boxes' in capsys.readouterr().err


def test_a_picture_that_cannot_be_read_is_named(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_drawn_data(tmp_path, 'val', 2)
    (tmp_path / 'images/val/001.jpg').write_bytes(b'no picture')
    assert run(tmp_path, model, '--codecs', 'jpeg') == 1
    assert '001.jpg: not a picture' in capsys.readouterr().err


def test_a_picture_of_another_size_than_its_boxes_is_named(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_drawn_data(tmp_path, 'val', 2)
    cv2.imwrite(str(tmp_path / 'images/val/001.jpg'), np.zeros((48, 64, 3), np.uint8))
    assert run(tmp_path, model, '--codecs', 'jpeg') == 1
    assert '001.jpg has 64x48 pixels, its annotations say 128x96' in capsys.readouterr().err


def test_annotations_may_count_from_zero_or_below(data: Path, tmp_path: Path) -> None:
    document = json.loads((data / 'annotations/instances_val.json').read_text())
    for number, annotation in enumerate(document['annotations']):
        annotation['id'] = -number
    file = tmp_path / 'instances_val.json'
    file.write_text(json.dumps(document))
    perfect = [{'image_id': one['image_id'], 'category_id': one['category_id'],
                'bbox': one['bbox'], 'score': 0.9} for one in document['annotations']]
    assert measure_accuracy(load_ground_truth(file), perfect).ap50 == pytest.approx(1.0)


def test_boxes_without_area_or_beyond_the_picture_are_judged_as_they_are_read(
    data: Path, tmp_path: Path
) -> None:
    document = json.loads((data / 'annotations/instances_val.json').read_text())
    (width, height), beyond = (128, 96), 50
    for number, annotation in enumerate(document['annotations']):
        annotation['bbox'] = [-beyond, height / 2, width / 2 + beyond, height / 2 + beyond]
        if number % 2:
            annotation['bbox'] = [10, 10, 0, 20]
    file = tmp_path / 'instances_val.json'
    file.write_text(json.dumps(document))
    perfect = [{'image_id': one['image_id'], 'category_id': one['category_id'],
                'bbox': [0, height / 2, width / 2, height / 2], 'score': 0.9}
               for one in document['annotations'] if one['bbox'][2]]
    assert measure_accuracy(load_ground_truth(file), perfect).ap50 == pytest.approx(1.0)


def test_figures_are_followed_by_what_each_codec_reaches_and_by_no_verdict(
    data: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / 'figures.json'
    assert run(data, model, '--codecs', 'slim,jpeg', '--json', str(file)) == 0
    assert set(json.loads(file.read_text())) == {
        'data', 'detector', 'jpeg80_ms', 'points', 'maps'}
    assert 'missed' not in capsys.readouterr().out


def test_an_unknown_codec_is_wrong_use(
    data: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, model, '--codecs', 'slim,gif') == 2
    assert 'gif' in capsys.readouterr().err


def test_a_data_set_of_other_classes_is_refused_with_both_named(
    data: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_drawn_data(tmp_path, 'val', 1)
    file = tmp_path / 'annotations/instances_val.json'
    file.write_text(file.read_text().replace('disc', 'coin'))
    assert run(tmp_path, model) == 1
    error = capsys.readouterr().err
    assert 'coin' in error and 'disc' in error


def test_a_model_with_the_detector_of_others_is_refused_with_the_way_to_judge_it(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = np.float32([[[10, 20, 40, 60, 0.9, 0]]])
    detector = save(constant_graph({'output0': found}, 1, (1, 3, 96, 128)), tmp_path,
                    {'names': repr(list(CLASSES))})
    split = load_split(data, 'val')
    write_untrained_model(tmp_path / 'model', [split.images], detector)
    assert load_manifest(tmp_path / 'model').classes == split.classes

    assert run(data, tmp_path / 'model') == 1
    assert '--detector' in capsys.readouterr().err


@pytest.mark.parametrize('more', [['--topic', '/image'], ['--as-pictures', '3']])
def test_what_labelled_pictures_do_not_take_is_wrong_use(
    data: Path, model: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, model, *more) == 2
    assert f'{more[0]} goes with --detector and --source' in capsys.readouterr().err


def test_pictures_of_a_video_are_not_thinned_out(
    data: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, model, '--video', '--pictures', '3') == 2
    assert 'would leave holes' in capsys.readouterr().err


def test_a_missing_model_is_named(data: Path, tmp_path: Path,
                                  capsys: pytest.CaptureFixture[str]) -> None:
    assert run(data, tmp_path / 'nowhere') == 1
    assert 'manifest.json' in capsys.readouterr().err


def test_perfect_detections_reach_an_ap50_of_one(data: Path) -> None:
    split = load_split(data, 'val')
    truth = load_ground_truth(split.annotation_file)
    perfect: Iterable[dict] = [
        {'image_id': image.image_id, 'category_id': split.category_ids[label],
         'bbox': box.tolist(), 'score': 0.9}
        for image in split.images for box, label in zip(image.boxes, image.labels, strict=True)]
    assert measure_accuracy(truth, list(perfect)).ap50 == pytest.approx(1.0)


def test_no_detections_are_an_ap50_of_zero(data: Path) -> None:
    truth = load_ground_truth(data / 'annotations/instances_val.json')
    assert measure_accuracy(truth, []).ap50 == 0
