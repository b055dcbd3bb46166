"""Tests of finding the model folder that parameters ask for, and of starting without it."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import shutil
import signal

import pytest

from slim_split_ros.ros.errors import StartError
from slim_split_ros.ros.model import bundle_folder, shipped_model
from slim_split_ros.weights import DEFAULT_MODELS, SHIPPED_MODELS
from slim_split_ros.wire import load_manifest
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import SplitSystem, start_node, start_node_with_shipped

pytestmark = pytest.mark.ros

END_S = 60.0


def test_a_given_model_is_taken_whatever_the_codec(tmp_path: Path) -> None:
    (tmp_path / 'manifest.json').touch()
    for codec in DEFAULT_MODELS:
        assert bundle_folder(str(tmp_path), codec) == tmp_path
        assert bundle_folder(str(tmp_path / 'manifest.json'), codec) == tmp_path


def test_a_shipped_model_is_known_by_its_fingerprint() -> None:
    for name, folder in SHIPPED_MODELS.items():
        assert shipped_model(load_manifest(folder).fingerprint) == name
    assert shipped_model(0x1234) is None


def test_the_codec_says_which_shipped_model_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHIPPED_MODELS, 'ensemble', tmp_path)
    assert bundle_folder('shipped', 'slim') == SHIPPED_MODELS['general'] != tmp_path
    assert bundle_folder('shipped', 'ensemble') == tmp_path


@pytest.mark.parametrize('name', SHIPPED_MODELS)
def test_a_shipped_model_is_taken_by_its_name(name: str) -> None:
    assert bundle_folder(name, 'slim') == SHIPPED_MODELS[name]


def test_a_codec_that_was_asked_for_is_not_passed_over_for_a_model() -> None:
    assert bundle_folder('ensemble', 'ensemble') == SHIPPED_MODELS['ensemble']
    with pytest.raises(StartError, match="codec is 'ensemble', .* model is 'robocup': set"):
        bundle_folder('robocup', 'ensemble')


def test_a_codec_without_its_model_is_refused_by_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHIPPED_MODELS, 'ensemble', tmp_path / 'nowhere')
    with pytest.raises(StartError, match=r"nowhere is missing: model 'ensemble' is not"):
        bundle_folder('shipped', 'ensemble')


@pytest.mark.parametrize('node', ['onboard', 'offboard'])
def test_a_node_whose_codec_is_not_installed_ends_with_status_1(
    node: str, tmp_path: Path
) -> None:
    folder = tmp_path / 'ensemble'
    process = start_node_with_shipped(node, tmp_path / 'log', 'ensemble', folder, {})
    try:
        assert process.wait(END_S) == 1
    finally:
        process.end()
    assert process.own_lines == [
        f"{folder} is missing: model 'ensemble' is not installed here. Give a folder that "
        '`export` wrote as parameter `model`, or choose another one']


@pytest.mark.parametrize('node', ['onboard', 'offboard'])
def test_a_node_without_the_compiled_coder_says_so_once(
    node: str, tiny_bundle: Path, ros_process: Callable[..., Process]
) -> None:
    program = ('from slim_split_ros.wire import entropy_native\n'
               'entropy_native.LIBRARY_PATTERN = "nowhere"\n'
               f'from slim_split_ros.ros.{node}_node import main\nraise SystemExit(main())')
    process = ros_process('-c', program, '--ros-args', '-p', f'model:={tiny_bundle}')

    process.wait_for_output('entropy coder', END_S)
    process.signal(signal.SIGINT)

    assert process.wait(END_S) == 0, process.output
    said = [line for line in process.output.splitlines() if 'entropy coder' in line]
    assert len(said) == 1 and '[WARN]' in said[0]
    assert 'coded by slower Python code, to the same bytes' in said[0]


@pytest.mark.parametrize('node', ['onboard', 'offboard'])
def test_a_model_that_is_not_there_ends_a_node_with_the_names_of_those_that_are(
    node: str, ros_process: Callable[..., Process]
) -> None:
    process = ros_process('-m', f'slim_split_ros.ros.{node}_node', '--ros-args', '-p',
                          'model:=generall')

    assert process.wait(END_S) == 1
    assert process.own_lines == [
        "model 'generall' is neither a folder nor one of the shipped models: give general, "
        'robocup, ensemble, or a folder that train, adapt or export wrote']


@pytest.mark.parametrize('node', ['onboard', 'offboard'])
def test_a_name_that_ros_cannot_take_ends_a_node_in_one_line(
    node: str, ros_process: Callable[..., Process]
) -> None:
    process = ros_process('-m', f'slim_split_ros.ros.{node}_node', '--ros-args', '-p',
                          os.fsdecode(b'model:=a\xff'))

    assert process.wait(END_S) == 1
    line, = process.own_lines
    assert line.endswith('is not written in UTF-8, which ROS needs: rename the file or folder')


def test_a_model_that_nobody_measured_is_said_once(
    tiny_bundle: Path, tmp_path: Path, ros_process: Callable[..., Process]
) -> None:
    folder = shutil.copytree(tiny_bundle, tmp_path / 'model')
    (folder / 'operating_points.yaml').unlink(missing_ok=True)
    process = ros_process('-m', 'slim_split_ros.ros.onboard_node', '--ros-args', '-p',
                          f'model:={folder}')

    process.wait_for_output('has no operating_points.yaml', END_S)
    process.signal(signal.SIGINT)

    assert process.wait(END_S) == 0, process.output


def test_nodes_that_are_given_no_model_run_the_one_for_any_scene(
    peer: Peer, tmp_path: Path
) -> None:
    system = SplitSystem(
        peer, start_node('onboard', tmp_path / 'onboard.log', {}),
        start_node('offboard', tmp_path / 'offboard.log', {'device': 'cpu'}))
    try:
        system.warm_up()
    finally:
        for process in (system.onboard, system.offboard):
            process.end()
    fingerprint = load_manifest(SHIPPED_MODELS['general']).fingerprint
    assert {frame.fingerprint for frame in system.features} == {fingerprint}
