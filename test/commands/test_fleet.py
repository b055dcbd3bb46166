from __future__ import annotations

import json
import os
from pathlib import Path
import sys
from typing import Any

import pytest
import yaml

from slim_split_ros.__main__ import main
from slim_split_ros.wire import load_manifest

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')
pytest.importorskip('panda3d', reason='costs are measured with frames of the simulated camera')

TRACE = 't_s,rate_kbps,delay_ms,loss\n0,900,10,0\n1,900,10,0\n'


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a model folder with a table of operating points."""
    from support.bundles import write_tiny_bundle

    folder = write_tiny_bundle(tmp_path_factory.mktemp('model'))
    points = [{'width': width, 'rate': rate, 'bytes': 400.0 + 800.0 * width - 100.0 * rate,
               'bytes_p95': 1500.0, 'encode_ms': 1.0, 'encode_ms_p95': 1.5,
               'ap50': 0.4 + 0.2 * width - 0.1 * rate}
              for width in (0.25, 0.5, 0.75, 1.0) for rate in (0, 1)]
    (folder / 'operating_points.yaml').write_text(yaml.safe_dump({
        'fingerprint': f'{load_manifest(folder).fingerprint:016x}', 'points': points}))
    return folder


@pytest.fixture
def plan(model: Path, tmp_path: Path) -> Any:
    """Give a function that plans a fleet and gives status and figures."""
    def run(robots: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        file = tmp_path / 'plan.json'
        file.unlink(missing_ok=True)
        status = main(['fleet', '--plan', '--robots', robots, '--checkpoint', str(model),
                       '--output', str(tmp_path), '--json', str(file), *arguments])
        return status, json.loads(file.read_text()) if file.exists() else {}

    return run


@pytest.fixture(scope='module')
def slow_costs(model: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp('plan') / 'plan.json'
    assert main(['fleet', '--plan', '--robots', '1', '--seconds', '0.5', '--checkpoint',
                 str(model), '--output', str(file.parent), '--json', str(file)]) == 0
    costs = json.loads(file.read_text())['costs']
    for row in costs['frames']:
        row |= {'decode_ms': 1.0, 'serve_ms': 49.0}
    return json.dumps(costs)


@pytest.fixture
def costs(slow_costs: str, tmp_path: Path) -> Path:
    """Give a file of costs that are those of a slow server."""
    file = tmp_path / 'costs.json'
    file.write_text(slow_costs)
    return file


def test_a_plan_measures_simulates_and_writes_a_page_that_needs_no_other_file(
    plan: Any, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    status, figures = plan('2', '--fps', '5', '--seconds', '2')
    said = capsys.readouterr()
    page = (tmp_path / 'plan.html').read_text()
    assert status == 0 and said.err == ''
    assert all(row['decode_ms'] > 0 and row['serve_ms'] > 0
               for row in figures['costs']['frames'])
    assert len(figures['costs']['frames']) == 8
    assert figures['simulation']['offered_per_s'] == 10.0
    for text in (page, said.out):
        assert 'robots a GPU' in text and 'not measured' in text
        assert 'do for 2 robots' in text
    assert page.count('<svg') == 2
    assert 'src="http' not in page and '<link' not in page


def test_the_same_arguments_give_the_same_file(plan: Any, costs: Path, tmp_path: Path) -> None:
    trace = tmp_path / 'cell.csv'
    trace.write_text(TRACE)
    arguments = ['3', '--seconds', '2', '--costs', str(costs), '--link', str(trace)]
    first, again, other = plan(*arguments), plan(*arguments), plan(*arguments, '--seed', '7')
    assert first == again
    assert first[0] == 0 and first[1]['simulation'] != other[1]['simulation']


def test_more_robots_than_the_plan_allows_is_said_and_is_an_answer(
    plan: Any, costs: Path, capsys: pytest.CaptureFixture
) -> None:
    status, figures = plan(
        '30', '--fps', '4', '--replicas', '1', '--costs', str(costs), '--seconds', '5')
    assert status == 0
    assert figures['plan']['robots_allowed'] == 4
    assert figures['plan']['servers_needed'] == 7
    assert figures['plan']['served_per_s'] == pytest.approx(20.0)
    assert figures['simulation']['served_per_s'] == pytest.approx(20.0, rel=0.1)
    assert '30 robots are more than the plan allows: 1 core and 1 cell do for 4, it takes 7 ' \
        'cores' in capsys.readouterr().out


@pytest.mark.parametrize('arguments', [
    ['--robots', '0'], ['--robots', '1000000000'], ['--robots', '9' * 5000],
    ['--robots', '-3'], ['--robots', '1.5'], ['--robots', '3', '--fps', '-1'],
    ['--robots', '3', '--fps', '0'], ['--robots', '3', '--fps', 'nan'],
    ['--robots', '3', '--replicas', '0'], ['--robots', '3', '--seconds', 'inf'],
    ['--robots', '3', '--device', 'auto']])
def test_numbers_that_make_no_fleet_are_wrong_use(
    arguments: list[str], capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(['fleet', '--plan', *arguments])
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()[-1]) < 200


def test_cells_without_a_link_are_wrong_use(plan: Any, capsys: pytest.CaptureFixture) -> None:
    assert plan('3', '--cells', '2')[0] == 2
    assert '--link' in capsys.readouterr().err


def test_device_beside_measured_costs_is_wrong_use(
    plan: Any, costs: Path, capsys: pytest.CaptureFixture
) -> None:
    assert plan('3', '--costs', str(costs), '--device', 'cuda')[0] == 2
    assert 'give one of the two' in capsys.readouterr().err


@pytest.mark.parametrize(('content', 'words'), [
    (None, 'No such file'), ('', 'trace.csv'), ('t_s,rate_kbps\n1,2\n', 'trace.csv'),
    ('t_s,rate_kbps,delay_ms,loss\n0,-5,0,0\n', 'rate_kbps is "-5"'),
    ('t_s,rate_kbps,delay_ms,loss\n0,1,10,0\n', 'trace carries 1 kbit/s on average')])
def test_a_trace_that_cannot_be_used_is_one_sentence(
    plan: Any, costs: Path, tmp_path: Path, content: str | None, words: str,
    capsys: pytest.CaptureFixture
) -> None:
    trace = tmp_path / 'trace.csv'
    if content is not None:
        trace.write_text(content)
    capsys.readouterr()
    assert plan('3', '--costs', str(costs), '--link', str(trace))[0] == 1
    said = capsys.readouterr().err
    assert said.startswith('fleet: ') and said.count('\n') == 1
    assert words in said


@pytest.mark.parametrize(('file', 'words'), [
    ('operating_points.yaml', 'operating_points.yaml'), ('manifest.json', 'manifest.json')])
def test_a_model_folder_without_its_table_is_one_sentence(
    model: Path, tmp_path: Path, file: str, words: str, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / 'model'
    folder.mkdir()
    for path in model.iterdir():
        if path.name != file:
            (folder / path.name).symlink_to(path)
    assert main(['fleet', '--plan', '--robots', '2', '--checkpoint', str(folder)]) == 1
    said = capsys.readouterr().err
    assert said.startswith('fleet: ') and said.count('\n') == 1 and words in said


def test_costs_that_are_none_are_one_sentence(
    plan: Any, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    file = tmp_path / 'costs.json'
    for content in ('{', '{}', '\x00'):
        file.write_text(content)
        assert plan('2', '--costs', str(file))[0] == 1
        said = capsys.readouterr().err
        assert said.startswith(f'fleet: {file}: ') and said.count('\n') == 1


def test_costs_of_fewer_points_than_the_model_has_are_refused(
    plan: Any, costs: Path, capsys: pytest.CaptureFixture
) -> None:
    document = json.loads(costs.read_text())
    document['frames'].pop()
    costs.write_text(json.dumps(document))
    capsys.readouterr()
    assert plan('2', '--costs', str(costs))[0] == 1
    assert 'the costs lack coder cells, width 1, rate 1' in capsys.readouterr().err


def test_a_reader_that_closes_the_other_end_is_told_nothing_more(
    plan: Any, costs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    there, here = os.pipe()
    os.close(there)
    with open(here, 'w', buffering=1) as closed:
        monkeypatch.setattr(sys, 'stdout', closed)
        status, _ = plan('1', '--costs', str(costs), '--seconds', '0.5')

    assert status == 1 and capsys.readouterr().err == ''


@pytest.mark.parametrize('cells, words', [
    ((), 'over lossy not even one robot alone has a frame on time'),
    (('--cells', '1'), 'do for 0, and no number of cells for one')])
def test_air_through_which_nothing_comes_is_no_plan(
    plan: Any, costs: Path, tmp_path: Path, capsys: pytest.CaptureFixture,
    cells: tuple[str, ...], words: str
) -> None:
    trace = tmp_path / 'lossy.csv'
    trace.write_text(TRACE.replace(',10,0', ',10,1'))
    plan('2', '--costs', str(costs), '--link', str(trace), '--seconds', '0.5', *cells)

    said = capsys.readouterr()
    assert words in said.out + said.err


def test_a_slow_camera_is_simulated_for_as_long_as_it_needs_to_offer_a_frame(
    plan: Any, costs: Path, capsys: pytest.CaptureFixture
) -> None:
    status, figures = plan('1', '--fps', '0.01', '--costs', str(costs))
    assert status == 0 and figures['simulation']['offered_per_s'] > 0
    assert plan('1', '--fps', '0.5', '--seconds', '3.9', '--costs', str(costs))[0] == 2
    assert '--seconds is 3.9' in capsys.readouterr().err
