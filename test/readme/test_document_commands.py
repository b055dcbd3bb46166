"""Do the commands in the documents exist, with these arguments, parameters and topics?"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
import os
from pathlib import Path
import re
import subprocess
import sys

import numpy as np
import pytest
import yaml

from support.document_commands import Command, commands, documents

CHECKOUT = Path(__file__).resolve().parents[2]
ALL = [command for path in documents(CHECKOUT) for command in commands(path)]
PACKAGE = 'slim_split_ros'
LAUNCHED = {'onboard': ('onboard',), 'offboard': ('offboard',),
            'demo': ('sim_camera', 'onboard', 'offboard'),
            'fleet': ('sim_camera', 'onboard', 'offboard')}
SERVICES = {'/onboard/enable', '/offboard/enable', '/onboard/keep_frames'}
TRANSITIONS = {'configure', 'activate', 'deactivate', 'cleanup', 'shutdown'}
MAKE_VARIABLES = {'SOURCE', 'TOPIC', 'LINK', 'CODEC', 'ARGS', 'DISTRO', 'PYTHON', 'MINUTES',
                  'ROBOTS', 'REPLICAS', 'SECONDS'}
# Of others: a camera driver's, and the names that stand for anybody's.
FOREIGN_TOPICS = {'/camera/image_raw', '/image'}


def beginning(*words: str) -> list[Command]:
    """Return the commands that begin so, whatever Python they name."""
    def starts(command: Command) -> bool:
        own = ['python' if word.endswith('bin/python') else word for word in command.words]
        return own[:len(words)] == list(words)
    return [command for command in ALL if starts(command)]


def without_placeholders(words: list[str]) -> bool:
    return not any('PLACE' in word or word in ('COMMAND', 'FILE') for word in words)


@pytest.mark.parametrize('command', beginning('python', '-m', PACKAGE), ids=str)
def test_command_line_takes_these_arguments(command: Command) -> None:
    from slim_split_ros.commands import COMMANDS

    words = command.words[3:]
    if not words or not without_placeholders(words[:1]):
        return
    names = re.fullmatch(r'\{(.+)\}', words[0])
    for name in names[1].split(',') if names else words[:1]:
        parser = argparse.ArgumentParser()
        subparsers = parser.add_subparsers(required=True)
        for module in COMMANDS.values():
            module.add_parser(subparsers)
        arguments = [word.strip('[]') for word in words[1:]]
        if not arguments:
            assert name in COMMANDS
        elif without_placeholders(arguments):
            parser.parse_args([name, *arguments])


@pytest.mark.parametrize('command', beginning('make'), ids=str)
def test_make_has_the_target_and_reads_the_variables(command: Command) -> None:
    makefile = (CHECKOUT / 'Makefile').read_text(encoding='utf-8')
    targets = set(re.search(r'^\.PHONY: (.+)$', makefile, re.MULTILINE)[1].split())

    for word in command.words[1:]:
        name, is_variable, _ = word.partition('=')
        assert name in (MAKE_VARIABLES if is_variable else targets)


@pytest.mark.ros
@pytest.mark.parametrize('command', [
    command for command in ALL
    if re.search(rf'{PACKAGE}\.ros\.[\w.]+|ros2 run {PACKAGE} ', command.line)], ids=str)
def test_node_has_the_parameters_and_topics(command: Command) -> None:
    words = command.words
    if words[0] == 'ros2':
        node = words[3]
        assert (CHECKOUT / 'scripts' / node).is_file()
    else:
        module = words[words.index('-m') + 1]
        assert CHECKOUT.joinpath(*module.split('.')).with_suffix('.py').is_file()
        node = module.rpartition('.')[2].removesuffix('_node')
    known = {name.strip('/').removeprefix('~/') for name in topics()}
    for flag, value in zip(words, words[1:], strict=False):
        name, _, text = value.partition(':=')
        if flag == '-p' and name.startswith('qos_overrides.'):
            assert name.split('.')[1].strip('/') in known
        elif flag == '-p':
            yaml.safe_load(text)  # as rcl does with what the shell leaves of it
            check_value(node, name, text)
        elif flag == '-r':
            assert name in known


@pytest.mark.ros
@pytest.mark.parametrize('command', beginning('ros2', 'launch', PACKAGE), ids=str)
def test_launch_file_has_the_arguments(command: Command) -> None:
    names = re.fullmatch(r'\{(.+)\}\.launch\.py|(.+)\.launch\.py', command.words[3])
    for name in (names[1] or names[2]).split(','):
        assert (CHECKOUT / 'launch' / f'{name}.launch.py').is_file()
        nodes = LAUNCHED[name]
        files = {'params_file'} if len(nodes) == 1 else {f'{node}_params_file' for node in nodes}
        shared = shared_arguments() | files | ({'cameras'} if name == 'onboard' else set())
        for word in command.words[4:]:
            argument, is_argument, text = word.partition(':=')
            if is_argument and argument not in shared:
                node, = [node for node in nodes if argument.removeprefix('camera_') in table(node)
                         and argument.startswith('camera_') == (node == 'sim_camera')][:1]
                check_value(node, argument.removeprefix('camera_'), text)


@pytest.mark.ros
@pytest.mark.parametrize('command', beginning('ros2', 'param'), ids=str)
def test_parameter_can_be_set_while_the_node_runs(command: Command) -> None:
    verb, node, *rest = command.words[2:]
    assert node in ('/onboard', '/offboard')
    if verb == 'set':
        name, value = rest
        check_value(node[1:], name, value)
        assert not table(node[1:])[name].metadata['rule'].read_only
    elif verb in ('describe', 'get'):
        assert set(rest) <= set(table(node[1:]))
    else:
        assert verb in ('dump', 'load', 'list')


def test_services_transitions_and_topics_exist() -> None:
    known = topics() | FOREIGN_TOPICS
    for command in beginning('ros2', 'service', 'call'):
        name, kind, request = command.words[3:]
        assert name in SERVICES and kind == 'std_srvs/srv/SetBool', command
        assert isinstance(yaml.safe_load(request)['data'], bool), command
    for command in beginning('ros2', 'lifecycle', 'set'):
        node, transition = command.words[3:]
        assert node in ('/onboard', '/offboard') and transition in TRANSITIONS, command
    for verb in ('topic', 'bag'):
        for command in beginning('ros2', verb):
            named = {word for word in command.words[3:] if word.startswith('/')}
            assert named <= known, command


@pytest.mark.data
def test_what_the_tutorial_does_at_the_desk_happens_word_for_word(
    slim_split_data: Path, tmp_path: Path
) -> None:
    from bags.recordings import STAMP_NS, write_bag
    from slim_split_ros.bags import BagImage

    pixels = np.zeros((96, 128, 3), np.uint8)
    pixels[16:48, 32:64] = 255
    times_ns = [STAMP_NS + number * 100_000_000 for number in range(6)]
    bag = write_bag(tmp_path / 'run1', {'/camera/image_raw': [
        BagImage(time_ns, time_ns, 'camera', 'rgb8', 128, 96, 384, False, pixels.ravel())
        for time_ns in times_ns]})
    detector = next((slim_split_data / 'detectors').glob('*.onnx'))
    lines = list(desk_lines(CHECKOUT / 'docs' / 'tutorial.md'))
    script = '\n'.join(lines).replace('.venv/bin/python', sys.executable)
    picture = CHECKOUT / 'docs' / 'images' / 'demo.jpg'
    for name, value in (('BAG', bag), ('DETECTOR', detector), ('PICTURE', picture)):
        script = re.sub(rf'\b{name}=\S+', f'{name}={value}', script)

    answer = subprocess.run(
        ['bash', '-e', '-c', script], cwd=tmp_path, capture_output=True, text=True, timeout=250,
        env={**os.environ, 'PYTHONPATH': str(CHECKOUT)})

    assert len([line for line in lines if ' -m ' in line]) >= 7
    assert answer.returncode == 0, answer.stderr
    for path in ('detect', 'narrow.json', 'wide/index.html', 'over_link/index.html'):
        assert (tmp_path / 'out' / path).exists()


def desk_lines(tutorial: Path) -> Iterator[str]:
    """Yield what needs neither ROS, nor torch, nor minutes: parts 4 to 6."""
    parts = re.split(r'^## \d+\. .*$', tutorial.read_text(encoding='utf-8'), flags=re.MULTILINE)
    for block in re.findall(r'^```sh\n(.*?)^```', ''.join(parts[4:7]), re.MULTILINE | re.DOTALL):
        yield from block.splitlines()


def topics() -> set[str]:
    text = (CHECKOUT / 'docs' / 'topics.md').read_text(encoding='utf-8')
    rows = [line.split('|')[1] for line in text.splitlines() if line.startswith('| `')]
    return {'/' + name.lstrip('/') for row in rows for name in re.findall(r'`([^`]+)`', row)}


def table(node: str) -> dict:
    """Return a node's parameters by name."""
    from tools.parameter_tables import TABLES

    module, name = TABLES[node]
    return {item.name: item for item in fields(getattr(import_module(module), name))}


def check_value(node: str, name: str, text: str) -> None:
    """Check a parameter's name and, but for paths and the reader's own, its value."""
    item = table(node)[name]
    rule, kind = item.metadata['rule'], type(item.default)
    if kind is bool:
        assert text in ('true', 'false')
    elif kind in (int, float):
        assert rule.low <= kind(text) <= rule.high
    elif rule.choices:
        assert text in rule.choices


def shared_arguments() -> set[str]:
    """Return the arguments of all launch files, without `launch`, which is not on PyPI."""
    source = (CHECKOUT / PACKAGE / 'ros' / 'launch_actions.py').read_text(encoding='utf-8')
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and node.target.id == 'SHARED_ARGUMENTS':
            return set(ast.literal_eval(node.value))
    raise AssertionError('launch_actions.py has no SHARED_ARGUMENTS')
