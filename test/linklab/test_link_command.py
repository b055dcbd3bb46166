from dataclasses import fields
import json
import os
from pathlib import Path
import resource
import subprocess
import sys
from threading import get_ident
import time

import pytest

from linklab.lab import DATA, make_trace
from slim_split_ros.__main__ import main
from slim_split_ros.commands import link
from support.bundles import write_tiny_bundle

POINTS = str(DATA / 'sixteen_points.yaml')


@pytest.fixture
def trace_file(tmp_path: Path) -> Path:
    trace = make_trace((10.0, 300.0), (2.0, 0.0), (10.0, 600.0), loss=0.01)
    lines = ['t_s,rate_kbps,delay_ms,loss'] + [
        f'{row.t_s},{row.rate_kbps},{row.delay_ms},{row.loss}' for row in trace.rows]
    path = tmp_path / 'made.csv'
    path.write_text('\n'.join(lines))
    return path


def test_one_trace_gives_the_figures_and_the_rows(trace_file: Path, tmp_path: Path) -> None:
    out = tmp_path / 'f.json'
    status = main(['link', '--trace', str(trace_file), '--points', POINTS, '--json', str(out)])
    figures = json.loads(out.read_text())
    assert status == 0
    assert {'on_time', 'mean_ap50', 'oracle_ap50', 'feasible', 'utilisation', 'p95_ms',
            'width_changes_per_min', 'skipped', 'lost', 'frames'} <= set(figures)
    assert len(figures['frames']) == 220
    assert figures['coder_shares'] == {'cells': 1.0}
    assert figures['alone_share'] == 1.0
    assert all(len(row) == len(figures['frame_columns']) for row in figures['frames'])


def test_a_reader_that_closes_the_other_end_is_told_nothing_more(
    trace_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    there, here = os.pipe()
    os.close(there)
    with open(here, 'w', buffering=1) as closed:
        monkeypatch.setattr(sys, 'stdout', closed)
        status = main(['link', '--trace', str(trace_file), '--points', POINTS])

    assert status == 1 and capsys.readouterr().err == ''


def test_a_folder_gives_a_row_a_trace_and_the_means(
        trace_file: Path, capsys: pytest.CaptureFixture) -> None:
    (trace_file.parent / 'second.csv').write_text(trace_file.read_text())
    assert main(['link', '--trace', str(trace_file.parent), '--points', POINTS]) == 0
    assert 'means of 2 traces' in capsys.readouterr().out


def test_a_share_of_nothing_is_said_to_be_one(
        trace_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    slow, out = tmp_path / 'slow' / 'slow.csv', tmp_path / 'f.json'
    slow.parent.mkdir()
    slow.write_text('t_s,rate_kbps,delay_ms,loss\n0,400,500,0\n2,400,500,0\n')
    reason = 'no frame that is alone could be on time'
    assert main(['link', '--trace', str(slow), '--points', POINTS, '--json', str(out)]) == 0
    assert f'on_time 1.000 (1 by definition: {reason})' in capsys.readouterr().out
    assert json.loads(out.read_text())['on_time'] == 1.0

    assert main(['link', '--trace', str(slow), '--trace', str(trace_file),
                 '--points', POINTS]) == 0
    _, good, means = capsys.readouterr().out.splitlines()
    assert reason not in good and means.endswith(f'; on 1 of them {reason}, which counts as 1')


def test_the_page_needs_no_other_file(trace_file: Path, tmp_path: Path) -> None:
    pytest.importorskip('matplotlib')
    page = tmp_path / 'pages' / 'link.html'
    assert main(['link', '--trace', str(trace_file), '--points', POINTS,
                 '--report', str(page)]) == 0
    text = page.read_text()
    assert text.count('<svg') == 4
    assert 'src="http' not in text and '<link' not in text


def test_a_page_of_a_folder_of_traces_is_refused(
    trace_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (trace_file.parent / 'other.csv').write_text(trace_file.read_text())
    page = tmp_path / 'pages' / 'link.html'
    assert main(['link', '--trace', str(trace_file.parent), '--points', POINTS,
                 '--report', str(page)]) == 1
    assert 'holds 2: name one of them' in capsys.readouterr().err
    assert not page.exists()


def test_a_shipped_model_goes_by_its_name_and_the_default_is_what_nodes_run(
    trace_file: Path, capsys: pytest.CaptureFixture
) -> None:
    def printed(*model: str) -> str:
        assert main(['link', '--trace', str(trace_file), *model]) == 0
        return capsys.readouterr().out

    assert 'video' in printed('--model', 'general')
    assert printed('--model', 'general') == printed() != printed('--model', 'robocup')


@pytest.mark.parametrize('arguments', [
    ['--policy', 'fixed'], ['--width', '0.5'], ['--trace', 'again.csv', '--report', 'x.html'],
    ['--real', '--report', 'x.html'], ['--real', '--server-ms', '100'],
    ['--real', '--deadline-ms', '15000'], ['--real', '--fps', '100'],
    ['--real', '--max-bitrate-kbps', '0.4']])
def test_wrong_use_is_status_2(trace_file: Path, arguments: list[str]) -> None:
    assert main(['link', '--trace', str(trace_file), '--points', POINTS, *arguments]) == 2


@pytest.mark.parametrize('option, value, wanted', [
    ('--deadline-ms', 'nan', 'above 0 and up to 60000'), ('--fps', '0', 'above 0 and up to 1000'),
    ('--server-ms', '-5', 'from 0 to 60000'), ('--server-ms', '1e400', 'from 0 to 60000'),
    ('--loss', '2', 'from 0 to 1'), ('--width', '-1', 'from 0 to 1'),
    ('--max-bitrate-kbps', 'inf', 'of 0 or more'), ('--seed', '-1', 'from 0 to 2147483647')])
def test_a_number_out_of_range_is_wrong_use_of_the_option(
        trace_file: Path, option: str, value: str, wanted: str,
        capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(['link', '--trace', str(trace_file), '--points', POINTS, option, value])
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert f'argument {option}: {value} is not a ' in said and said.endswith(wanted)


def test_a_width_that_the_points_do_not_have_is_wrong_use(
        trace_file: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(['link', '--trace', str(trace_file), '--points', POINTS,
                 '--policy', 'fixed', '--width', '0.3']) == 2
    assert capsys.readouterr().err == \
        'link: --width is 0.3, the model has 0.25, 0.5, 0.75, 1: choose one of these\n'


def test_a_missing_trace_fails_with_a_line(capsys: pytest.CaptureFixture) -> None:
    assert main(['link', '--trace', 'nowhere.csv', '--points', POINTS]) == 1
    assert 'nowhere.csv' in capsys.readouterr().err


@pytest.mark.parametrize('rate_kbps, seconds', [(5000, 300), (1_000_000, 60)])
def test_a_gigabyte_is_enough_for_a_fast_link(
        rate_kbps: int, seconds: int, tmp_path: Path) -> None:
    trace = tmp_path / 'fast.csv'
    trace.write_text('t_s,rate_kbps,delay_ms,loss\n'
                     f'0,{rate_kbps},5,0\n{seconds // 2},{rate_kbps},5,0\n')
    limit = (2 ** 30, 2 ** 30)
    done = subprocess.run(
        [sys.executable, '-m', 'slim_split_ros', 'link', '--trace', str(trace), '--points',
         POINTS], capture_output=True, text=True, timeout=120, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limit))
    assert (done.returncode, done.stderr) == (0, '')
    assert f'skipped 0 of {10 * seconds}' in done.stdout


def test_a_trace_that_a_spreadsheet_saved_gives_figures(
        trace_file: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(['link', '--trace', str(trace_file), '--points', POINTS]) == 0
    plain = capsys.readouterr().out.partition('used')[0]
    saved = trace_file.read_text().replace('\n', '\r\n') + '\r\n,,,\r\n'
    trace_file.write_bytes(saved.encode('utf-8-sig'))
    assert main(['link', '--trace', str(trace_file), '--points', POINTS]) == 0
    assert capsys.readouterr().out.partition('used')[0] == plain


def test_the_emulation_does_not_wait_for_the_link(
        trace_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, sleep, here = [], time.sleep, get_ident()

    def wait(seconds: float) -> None:
        if get_ident() == here:  # other tests' threads may sleep
            waits.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(time, 'sleep', wait)
    assert main(['link', '--trace', str(trace_file), '--points', POINTS]) == 0
    assert waits == []


def test_a_table_of_another_model_than_its_folders_is_refused(
        trace_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = write_tiny_bundle(tmp_path / 'model')
    (folder / 'operating_points.yaml').write_text(Path(POINTS).read_text())
    assert main(['link', '--trace', str(trace_file), '--model', str(folder)]) == 1
    error = capsys.readouterr().err
    assert 'operating_points.yaml was measured with model' in error
    assert len(error.splitlines()) == 1


def test_a_model_without_a_table_is_refused_with_the_way_to_one(
        trace_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = write_tiny_bundle(tmp_path / 'model')
    assert main(['link', '--trace', str(trace_file), '--model', str(folder)]) == 1
    assert 'cannot be read (No such file or directory); measure' in capsys.readouterr().err


def test_a_trace_that_is_not_there_is_named_with_the_remedy(
        tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    missing = tmp_path / 'none.csv'
    assert main(['link', '--trace', str(missing), '--points', POINTS]) == 1
    assert capsys.readouterr().err == (
        f'link: {missing} cannot be read (No such file or directory): give the path of a file '
        'that is there, in CSV\n')


def test_limits_of_a_real_run_are_those_of_its_nodes() -> None:
    pytest.importorskip('rclpy')
    from slim_split_ros.ros.settings.onboard_parameters import OnboardSettings

    rules = {item.name: item.metadata['rule'] for item in fields(OnboardSettings)}
    for name, low, high in link._NODES_TAKE:
        rule = rules['target_fps' if name == 'fps' else name]
        # 0 kbit/s, no ceiling, is not looked at.
        assert (max(low, rule.low), high) == (low, rule.high), name
