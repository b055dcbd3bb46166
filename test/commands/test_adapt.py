"""Does `adapt` make a folder for both nodes of pictures that nobody labelled?"""

from __future__ import annotations

import json
from pathlib import Path
import shutil

import cv2
import numpy as np
import pytest

pytest.importorskip('torch')
onnx = pytest.importorskip('onnx', reason='make setup-training')

from slim_split_ros.__main__ import main  # noqa: E402
from slim_split_ros.coders import why_no_video_encoding  # noqa: E402
from slim_split_ros.offboard import load_server  # noqa: E402
from slim_split_ros.onboard import FrameEncoder  # noqa: E402
from slim_split_ros.weights.operating_point_file import find_operating_points  # noqa: E402
from slim_split_ros.wire import load_manifest  # noqa: E402
from support.detector_graphs import constant_graph, save  # noqa: E402
from support.small_networks import write_untrained_ensemble  # noqa: E402

pytestmark = pytest.mark.torch

ROWS = np.float32([[[0, 0, 32, 32, 0.9, 1]]])


def adapt(source: Path, detector: Path, base: Path, output: Path, *more: str) -> int:
    return main(['adapt', '--detector', str(detector), '--source', str(source), '--base',
                 str(base), '--output', str(output), '--steps', '2', *more])


@pytest.fixture(scope='module')
def adapted(
    source: Path, detector: Path, base: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    output = tmp_path_factory.mktemp('adapted') / 'model'
    assert adapt(source, detector, base, output, '--json', str(output.parent / 'a.json')) == 0
    return output


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes longest and comes last."""
    monkeypatch.setattr('slim_split_ros.commands.adapt._measure', lambda *_: None)


def test_the_folder_serves_both_sides_with_the_users_detector(adapted: Path, base: Path) -> None:
    manifest = load_manifest(adapted)

    encoded = FrameEncoder(manifest).encode(np.zeros((96, 128, 3), np.uint8), 0.5, 0)

    assert encoded.payload
    assert load_server(manifest, 'cpu').detector.classes == manifest.classes == ('saucer', 'cup')
    assert manifest.fingerprint != load_manifest(base).fingerprint


def test_every_point_is_measured_beside_what_one_would_send_instead(adapted: Path) -> None:
    measured = json.loads((adapted.parent / 'a.json').read_text())

    points = measured['points']
    assert {'slim', 'webp', 'jpeg'} <= {point['codec'] for point in points}
    for rival in {point['codec'] for point in points} - {'slim'}:
        assert {1.0, 0.5, 0.25} <= {
            point['scale'] for point in points if point['codec'] == rival}
    named = {'codec', 'width', 'rate', 'quality', 'scale', 'bytes', 'agreement_ap50'}
    assert all(named <= set(point) for point in points)
    ours = [point for point in points if point['codec'] == 'slim']
    assert {(point['width'], point['rate']) for point in ours if point['coder'] == 'cells'} == {
        (width, rate) for width in (0.25, 0.5, 0.75, 1.0) for rate in (0, 1)}
    # What it finds does not depend on the picture, so nothing is lost.
    assert all(point['agreement_ap50'] == pytest.approx(1.0) for point in ours)
    table = find_operating_points(load_manifest(adapted))
    assert [point.bytes for point in table] == sorted(point['bytes'] for point in ours)
    assert measured['frames'] == measured['boxes'] == 4


def test_video_behind_the_map_is_fitted_and_measured_where_it_can_be(adapted: Path) -> None:
    if missing := why_no_video_encoding():
        pytest.skip(missing)
    manifest = load_manifest(adapted)
    points = json.loads((adapted.parent / 'a.json').read_text())['points']

    assert manifest.video
    for alone in (True, False):
        assert {(point['width'], point['rate']) for point in points
                if point.get('coder') == 'video' and point['alone'] is alone} == {
            (entry.width, rate) for entry in manifest.widths
            for rate in range(len(manifest.video))}
    assert 'h264' in {point['codec'] for point in points}
    assert find_operating_points(manifest).find(1.0, 0, 'video', alone=False) is not None


def test_card_and_page_say_what_it_takes_and_name_no_folder_of_this_machine(
    adapted: Path
) -> None:
    card, page = ((adapted / name).read_text() for name in ('MODEL_CARD.md', 'agreement.html'))
    assert '--base model --frames 600' in card

    assert 'longer side 128 pixels' in card and 'detector.onnx, end_to_end' in card
    assert f'`{load_manifest(adapted).fingerprint:016x}`' in card
    assert page.count('<svg') == 1 and page.count('data:image/jpeg') >= 9
    assert str(adapted.parent) not in card + page


def test_the_same_command_goes_on_where_it_was_and_another_begins_anew(
    adapted: Path, source: Path, detector: Path, base: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], unmeasured: None,
) -> None:
    output = shutil.copytree(adapted, tmp_path / 'model')
    before = load_manifest(output).fingerprint

    assert adapt(source, detector, base, output) == 0

    said = capsys.readouterr().out
    assert 'looked at before' in said and 'finder: done before' in said
    assert load_manifest(output).fingerprint == before
    assert adapt(source, detector, base, output, '--seed', '1') == 0
    assert 'before' not in capsys.readouterr().out


def test_an_older_model_serves_until_another_is_whole_and_measured(
    adapted: Path, source: Path, detector: Path, base: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = shutil.copytree(adapted, tmp_path / 'model')
    (output / 'frames.csv').write_text('of the older one')
    before = {file.name: file.read_bytes() for file in output.iterdir() if file.is_file()}

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr('slim_split_ros.commands.adapt._measure', interrupt)
    assert adapt(source, detector, base, output, '--seed', '2') != 0

    assert before == {
        file.name: file.read_bytes() for file in output.iterdir() if file.is_file()}
    monkeypatch.undo()
    assert adapt(source, detector, base, output, '--seed', '2') == 0
    assert load_manifest(output).fingerprint != load_manifest(adapted).fingerprint
    assert not (output / 'frames.csv').exists()
    assert {file.name for file in output.iterdir()} == {file.name for file in adapted.iterdir()}


def test_a_source_that_grew_is_looked_at_anew(
    source: Path, detector: Path, base: Path, tmp_path: Path, unmeasured: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    frames = tmp_path / 'frames'
    shutil.copytree(source, frames)
    assert adapt(frames, detector, base, tmp_path / 'model') == 0
    shutil.copyfile(source / '000.jpg', frames / '999.jpg')
    capsys.readouterr()

    assert adapt(frames, detector, base, tmp_path / 'model') == 0

    assert 'before' not in capsys.readouterr().out


def test_a_detector_that_finds_things_everywhere_is_doubted(
    source: Path, base: Path, tmp_path: Path, unmeasured: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    corners = np.stack(np.meshgrid(np.arange(9) * 7, np.arange(9) * 7), axis=-1).reshape(-1, 2)
    rows = np.concatenate([corners, corners + 6, np.full((81, 1), 0.9), np.zeros((81, 1))], axis=1)
    graph = constant_graph({'output0': np.float32([rows])}, 1, (1, 3, 64, 64))
    detector = save(graph, tmp_path, {'names': "['saucer', 'cup']"})

    assert adapt(source, detector, base, tmp_path / 'model') == 0
    said = 'adapt: 63 things a frame are more than most scenes hold: see with `detect`'
    assert capsys.readouterr().err.count(said) == 1  # two rows of nine lie beside the picture


def test_another_input_size_is_the_folders(
    source: Path, detector: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert adapt(source, detector, base, tmp_path / 'model', '--input-long-side', '320') == 0
    _says(capsys, 'thing(s) are too few to go by', 'a lower --threshold')

    manifest = load_manifest(tmp_path / 'model')
    encoder = FrameEncoder(manifest)
    encoded = encoder.encode(np.zeros((240, 320, 3), np.uint8), 1.0, 0)
    assert manifest.input_long_side == 320
    assert (encoded.geometry.input_width, encoded.geometry.input_height) == (320, 256)
    assert find_operating_points(manifest) is not None


@pytest.mark.parametrize('side', ['304', '330', '992'])
def test_an_input_size_of_no_use_is_wrong_use(
    side: str, source: Path, detector: Path, base: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        adapt(source, detector, base, tmp_path, '--input-long-side', side)

    assert ended.value.code == 2
    assert f'{side}, has to be a multiple of 32 from 320 to 960' in capsys.readouterr().err


def _says(capsys: pytest.CaptureFixture[str], *parts: str) -> None:
    lines = capsys.readouterr().err.strip().splitlines()
    refusal = next(line for line in lines if line.startswith('adapt: '))
    assert all(part in refusal for part in parts)


def test_a_video_of_one_frame_is_refused(
    detector: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = tmp_path / 'one.avi'
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*'MJPG'), 10.0, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()

    assert adapt(video, detector, base, tmp_path / 'model') == 1
    _says(capsys, '1 frame(s) are too few', 'give a longer --source')


def test_frames_all_alike_are_refused(
    detector: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'frames').mkdir()
    for number in range(10):
        cv2.imwrite(str(tmp_path / 'frames' / f'{number}.png'), np.full((48, 64, 3), 90, np.uint8))

    assert adapt(tmp_path / 'frames', detector, base, tmp_path / 'model') == 1
    _says(capsys, 'all 10 frames are alike', 'in which something happens')


def test_sources_of_which_nothing_is_left_to_learn_from_are_refused(
    source: Path, detector: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = [part for _ in range(7) for part in ('--source', str(source))]

    assert adapt(source, detector, base, tmp_path / 'model', '--frames', '16', *more) == 1
    _says(capsys, 'no frame is left to learn from', 'longer ones, or more --frames')


def test_a_device_is_refused_as_it_never_ends(
    detector: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert adapt(Path('/dev/null'), detector, base, tmp_path / 'model') == 1
    _says(capsys, '/dev/null is a device', 'record it first')


@pytest.mark.parametrize('name', ['gpu', 'cuda:99'])
def test_a_device_that_torch_lacks_is_named_before_frames_are_looked_at(
    name: str, source: Path, detector: Path, base: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert adapt(source, detector, base, tmp_path / 'model', '--device', name) == 1
    _says(capsys, f"torch cannot use device '{name}'", 'give --device cpu, or auto')
    assert not (tmp_path / 'model').exists()


@pytest.mark.parametrize('values', [
    [0, 0, 32, 32, 0.1, 1], [np.nan] * 6, [70, 70, 90, 90, 0.9, 1], [0, 0, 9, 9, 0.9, -1]])
def test_a_source_on_which_nothing_is_found_is_refused(
    values: list[float], source: Path, base: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    graph = constant_graph({'output0': np.float32([[values]])}, 1, (1, 3, 64, 64))
    detector = save(graph, tmp_path, {'names': "['saucer', 'cup']"})

    assert adapt(source, detector, base, tmp_path / 'model') == 1
    _says(capsys, 'finds 0 thing(s) in 10 frames', 'lower --threshold', '`detect`')


@pytest.mark.parametrize('score', [0.9, 0.01])
def test_a_detector_of_more_classes_than_names_is_refused(
    score: float, source: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = np.float32([[*ROWS[0], [0, 0, 9, 9, score, 7]]])
    graph = constant_graph({'output0': rows}, 1, (1, 3, 64, 64))
    detector = save(graph, tmp_path, {'names': "['saucer', 'cup']"})

    assert adapt(source, detector, base, tmp_path / 'model') == 1
    _says(capsys, 'it finds class 7', 'has 2 names', 'list the names of all its classes')


def _failing_detector(folder: Path, share: float) -> Path:
    """Write one that throws where the mean of a picture is `share` from grey."""
    from onnx import TensorProto, helper, numpy_helper

    node = helper.make_node
    nodes = [
        node('ReduceMean', ['images'], ['mean'], keepdims=0),
        node('Sub', ['mean', 'grey'], ['distance']),
        node('Abs', ['distance'], ['far']),
        node('Div', ['far', 'share'], ['parts']),
        node('Cast', ['parts'], ['index'], to=TensorProto.INT64),
        node('Gather', ['rows', 'index'], ['row'], axis=0),  # which has one row
        node('Unsqueeze', ['row', 'axes'], ['output0'])]
    constants = {
        'grey': np.float32(128 / 255), 'share': np.float32(share), 'rows': ROWS,
        'axes': np.array([0])}
    graph = helper.make_graph(
        nodes, 'failing', [helper.make_tensor_value_info('images', 1, (1, 3, 64, 64))],
        [helper.make_tensor_value_info('output0', 1, (1, 1, 6))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    return save(helper.make_model(
        graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=9), folder)


def test_a_detector_that_throws_on_every_picture_is_named(
    source: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detector = _failing_detector(tmp_path, 0.05)

    assert adapt(source, detector, base, tmp_path / 'model') == 1
    _says(capsys, '10 of 10 frames', f'{detector} failed on a picture')


def test_a_picture_on_which_a_detector_throws_costs_itself_alone(
    source: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = tmp_path / 'frames'
    frames.mkdir()
    for file in source.iterdir():
        (frames / file.name).write_bytes(file.read_bytes())
    cv2.imwrite(str(frames / '000.jpg'), np.full((96, 128, 3), 255, np.uint8))

    assert adapt(frames, _failing_detector(tmp_path, 0.3), base, tmp_path / 'model') == 0
    assert 'train: 9 of 10 frames' in capsys.readouterr().out


def test_a_folder_of_somebody_elses_is_left_alone(
    source: Path, detector: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'adapt_work').mkdir()
    (tmp_path / 'adapt_work' / 'letters').write_text('dear')

    assert adapt(source, detector, base, tmp_path) == 1
    _says(capsys, 'not of this command', 'choose another --output')
    assert (tmp_path / 'adapt_work' / 'letters').read_text() == 'dear'


@pytest.mark.parametrize('name', ['frames.csv', 'detector.onnx', 'model.safetensors'])
def test_files_of_somebody_elses_are_not_written_over(
    name: str, source: Path, detector: Path, base: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / name).write_text('dear')

    assert adapt(source, detector, base, tmp_path) == 1
    _says(capsys, f'no model folder and has {name}', 'choose another --output')
    assert (tmp_path / name).read_text() == 'dear'


def test_a_source_that_is_gone_leaves_what_was_looked_at(
    adapted: Path, source: Path, detector: Path, base: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = shutil.copytree(adapted, tmp_path / 'model')
    before = sorted((output / 'adapt_work').rglob('*'))

    assert adapt(tmp_path / 'unmounted', detector, base, output) == 1
    _says(capsys, 'unmounted does not exist')
    assert sorted((output / 'adapt_work').rglob('*')) == before


def test_a_base_that_rebuilds_no_pictures_is_refused_at_once(
    source: Path, detector: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_untrained_ensemble(tmp_path / 'base')

    assert adapt(source, detector, tmp_path / 'base', tmp_path / 'model') == 1
    _says(capsys, 'rebuilds no pictures', '--base of codec slim')
    assert not (tmp_path / 'model').exists()


def test_a_model_among_the_frames_is_wrong_use(
    source: Path, detector: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(source.iterdir())

    with pytest.raises(SystemExit) as ended:
        adapt(source, detector, base, source)
    assert ended.value.code == 2
    assert 'what source of the same command reads: choose another' in capsys.readouterr().err
    assert sorted(source.iterdir()) == before
