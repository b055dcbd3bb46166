"""Does `demo` refuse wrong use, run from camera to page, and leave nothing running?"""

import json
import os
import random
import re
import signal
import time

import psutil
import pytest

from slim_split_ros.__main__ import main
from slim_split_ros.weights import SHIPPED_MODELS
from support.bundles import WIDTHS, write_tiny_bundle
from support.processes import Process, heeds_sigterm, wait_until

# Several times what a busy machine with two cores needs.
LIMIT_S = 120.0


@pytest.fixture(scope='module')
def bundle(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp('model') / 'tiny')


@pytest.fixture
def demo(tmp_path, checkout):
    """Start the command; whatever it started ends with the test."""
    started = []

    def start(*arguments):
        started.append(Process.start(
            ['-m', 'slim_split_ros', 'demo', '--output', str(tmp_path / 'out'), *arguments],
            tmp_path / 'demo.log', checkout, {}))
        return started[-1]

    yield start
    for process in started:
        process.end()


def nodes_of(process):
    """Return the children that run a node by now; one just forked still looks like the demo."""
    rooms = ('slim_split_ros.ros.', 'slim_split_ros.demo.')
    return [child for child in psutil.Process(process.pid).children(recursive=True)
            if any(part.startswith(rooms) for part in child.cmdline())]


@pytest.mark.parametrize(('arguments', 'complaint'), [
    (['--seconds', '0'], '0 is not a number of 2 or more'),
    (['--seconds', 'nan'], 'nan is not a number of 2'),
    (['--seconds', 'soon'], 'soon is not a number of 2'),
    (['--width', '0.5'], 'unrecognized arguments: --width'),
    (['--codec', 'morse'], "invalid choice: 'morse'"),
])
def test_wrong_use_ends_with_status_2(arguments, complaint, capsys):
    with pytest.raises(SystemExit) as end:
        main(['demo', *arguments])

    assert end.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.ros
def test_seed_without_the_simulated_camera_is_wrong_use(tmp_path, capsys):
    assert main(['demo', '--source', str(tmp_path), '--seed', '3']) == 2
    assert '--seed is of the simulated camera' in capsys.readouterr().err


def test_codec_beside_a_model_is_refused(tmp_path, capsys):
    assert main(['demo', '--codec', 'ensemble', '--model', 'general', '--output',
                 str(tmp_path / 'out')]) == 1
    assert 'give one of the two' in capsys.readouterr().err


def test_missing_model_ends_with_status_1_and_one_line(tmp_path, capsys):
    status = main(['demo', '--model', str(tmp_path / 'nothing'), '--output', str(tmp_path)])

    printed = capsys.readouterr().err.strip()
    assert status == 1
    assert printed.startswith('demo: ') and '\n' not in printed
    assert str(tmp_path / 'nothing') in printed


@pytest.mark.ros
def test_codec_that_is_not_installed_ends_with_status_1_and_its_folder(
        tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(SHIPPED_MODELS, 'ensemble', tmp_path / 'nothing')

    status = main(['demo', '--codec', 'ensemble', '--output', str(tmp_path)])

    assert status == 1
    assert f"{tmp_path / 'nothing'} is missing: model 'ensemble'" in capsys.readouterr().err


@pytest.mark.ros
def test_demo_leaves_table_page_pictures_and_figures(demo, bundle, tmp_path):
    process = demo('--model', str(bundle), '--seconds', '4', '--json', str(tmp_path / 'f.json'))

    status = process.wait(LIMIT_S)

    assert status == 0, process.output
    assert 'bytes/frame' in process.output and 'precision' in process.output
    assert 'Warning' not in process.output
    figures = json.loads((tmp_path / 'f.json').read_text())
    assert [row['width'] for row in figures['widths']] == sorted(WIDTHS)
    assert all(row['frames'] > row['unanswered'] for row in figures['widths'])
    assert 0 < figures['rates_kbps']['answers'] < figures['rates_kbps']['reports']
    counts = [row['frames'] for row in figures['widths']]
    assert max(counts) - min(counts) <= 2  # the same scenes for every width
    assert re.search(r'ROS_DOMAIN_ID=\d+ ros2 topic list', process.output)
    page = (tmp_path / 'out' / 'index.html').read_text()
    assert '<svg' in page and 'encoded on board by slim (tiny, fingerprint ' in page
    assert list((tmp_path / 'out' / 'frames').glob('*.jpg'))


@pytest.mark.ros
@pytest.mark.once
def test_demo_of_a_folder_knows_no_truth(demo, bundle, tmp_path):
    import cv2
    import numpy as np

    pictures = tmp_path / '1'
    pictures.mkdir()
    for index in range(3):
        picture = np.zeros((240, 320, 3), np.uint8)
        picture[80:160, 60 * index:60 * index + 80] = 255
        cv2.imwrite(str(pictures / f'{index}.png'), picture)

    process = demo('--model', str(bundle), '--seconds', '4', '--source', str(pictures))

    assert process.wait(LIMIT_S) == 0, process.output
    assert 'precision' not in process.output
    assert {'slim', 'WebP', 'JPEG'} <= {line.split()[0] for line in process.output.splitlines()
                                        if line.strip()}


@pytest.mark.ros
@pytest.mark.parametrize(('name', 'words'), [
    ('', 'holds no images'), ('no.bag', 'does not exist'), ('video9', 'does not exist')])
def test_source_that_gives_nothing_ends_with_status_1_and_its_name(
        bundle, tmp_path, capsys, name, words):
    empty = tmp_path / 'empty'
    empty.mkdir()

    status = main(['demo', '--model', str(bundle), '--source', str(empty / name),
                   '--output', str(tmp_path / 'out')])

    printed = capsys.readouterr().err.strip()
    assert status == 1
    assert printed.startswith(f'demo: {empty / name} ') and words in printed
    assert '\n' not in printed


@pytest.mark.ros
def test_interrupted_demo_ends_with_status_1_and_leaves_no_node(demo, bundle):
    process = demo('--model', str(bundle), '--seconds', '60')
    wait_until(lambda: len(nodes_of(process)) == 3, LIMIT_S, 'start of three nodes')
    nodes = nodes_of(process)

    # Not SIGINT: it is ignored where the test run was put into the background.
    os.kill(process.pid, signal.SIGTERM)
    os.kill(process.pid, signal.SIGTERM)

    assert process.wait(LIMIT_S) == 1, process.output
    assert 'demo: interrupted' in process.output
    assert not [node for node in nodes if node.is_running()]


@pytest.mark.ros
@pytest.mark.parametrize('latest_s', [0.3, 1.0, 3.0, 6.0])
def test_signal_at_any_moment_ends_the_demo_with_a_sentence(demo, bundle, latest_s):
    moment_s = random.uniform(0.0, latest_s)
    process = demo('--model', str(bundle), '--seconds', '60')
    wait_until(lambda: heeds_sigterm(process), LIMIT_S, 'start of the interpreter')
    time.sleep(moment_s)
    nodes = nodes_of(process)

    process.signal(signal.SIGTERM)

    assert process.wait(LIMIT_S) == 1, f'{moment_s} s after the start: {process.output}'
    assert process.output.splitlines()[-1] == 'demo: interrupted before it was done'
    assert 'Traceback' not in process.output and 'Exception ignored' not in process.output
    assert not [node for node in nodes if node.is_running()]


@pytest.mark.ros
def test_nodes_end_with_a_demo_that_is_killed(demo, bundle):
    process = demo('--model', str(bundle), '--seconds', '60')
    wait_until(lambda: len(nodes_of(process)) == 3, LIMIT_S, 'start of three nodes')
    nodes = nodes_of(process)

    process.signal(signal.SIGKILL)

    _, left = psutil.wait_procs(nodes, timeout=LIMIT_S)
    assert not left


@pytest.mark.ros
def test_node_that_dies_ends_the_demo_and_is_named(demo, bundle):
    process = demo('--model', str(bundle), '--seconds', '60')
    wait_until(lambda: len(nodes_of(process)) == 3, LIMIT_S, 'start of three nodes')
    nodes = nodes_of(process)
    offboard = next(node for node in nodes if 'slim_split_ros.ros.offboard_node' in node.cmdline())

    offboard.kill()

    assert process.wait(LIMIT_S) == 1, process.output
    assert 'demo: offboard ended with status -9' in process.output
    assert not [node for node in nodes if node.is_running()]


@pytest.mark.ros
@pytest.mark.once
def test_demo_over_a_link_leaves_a_page_of_what_the_link_did(demo, bundle, tmp_path):
    trace = tmp_path / 'thin.csv'
    trace.write_text('t_s,rate_kbps,delay_ms,loss\n0,400,50,0\n')

    process = demo('--model', str(bundle), '--seconds', '4', '--link', str(trace),
                   '--json', str(tmp_path / 'f.json'))

    assert process.wait(LIMIT_S) == 0, process.output
    assert 'over thin' in process.output and 'kbit/s' in process.output
    page = (tmp_path / 'out' / 'link.html').read_text()
    assert page.count('<svg') == 4 and 'thin' in page
    assert 'the link thin allowed' in (tmp_path / 'out' / 'index.html').read_text()
    # There and back the trace's 50 ms each.
    row = json.loads((tmp_path / 'f.json').read_text())['widths'][0]
    assert row['frames'] > row['unanswered']
    assert row['end_to_end_ms_p50'] > 100.0


@pytest.mark.ros
@pytest.mark.parametrize(('text', 'complaint'), [
    ('t_s,rate_kbps\n0,1\n', 'the header has to be'),
    ('t_s,rate_kbps,delay_ms,loss\n0,fast,0,0\n', 'line 2'),
    (b'\xff\xfe', 'UTF-8'),
])
def test_a_wrong_trace_ends_with_status_1_and_one_line(tmp_path, capsys, text, complaint):
    trace = tmp_path / 'trace.csv'
    trace.write_bytes(text if isinstance(text, bytes) else text.encode())

    status = main(['demo', '--link', str(trace), '--output', str(tmp_path / 'out')])

    printed = capsys.readouterr().err.strip()
    assert status == 1
    assert printed.startswith('demo: ') and '\n' not in printed and complaint in printed
