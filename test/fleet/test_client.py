"""Tests of the node's end of the bridge, whatever the other end does; no Ray is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path

import psutil
import pytest

from slim_split_ros.fleet import read_address
from slim_split_ros.fleet.client import BRIDGE, FleetClient
from slim_split_ros.fleet.cluster_state import Expected
from slim_split_ros.fleet.messages import Outcome
from slim_split_ros.wire import Frame, load_manifest
from support.fleet_cluster import ask, wait_until
from support.fleet_frames import request_for, square_frames

pytestmark = pytest.mark.timed

ADDRESS = '127.0.0.1:9'  # where nothing listens
# An end that says it is a replica of the model 1 with one class, and does `then`.
BRIDGE_THAT = """
import json
from multiprocessing.connection import Connection
import sys
import time
pipe = Connection(int(sys.argv[1]))
facts = {{'protocol': 1, 'fingerprint': f'{{1:016x}}', 'classes': ['ball'], 'held': 2,
         'place': 'x'}} | {facts}
pipe.send_bytes(b's' + json.dumps({{'replicas': 2, 'problem': '', 'facts': facts}}).encode())
{then}
"""
ANSWER_GARBAGE = "number = pipe.recv_bytes()[:8]\npipe.send_bytes(b'a' + number + b'garbage')"
REFUSE_THE_MODEL = """
from slim_split_ros.fleet.messages import Answer, Outcome, pack_answer
answer = pack_answer(Answer(Outcome.REFUSED, error='FingerprintMismatchError'))
pipe.send_bytes(b'a' + pipe.recv_bytes()[:8] + answer)
time.sleep(600)
"""
READ_NOTHING = 'time.sleep(600)'
STOP_AMID_A_MESSAGE = """
import os
import struct
pipe.recv_bytes()
os.write(int(sys.argv[1]), struct.pack('!i', 1000) + b'a')
time.sleep(600)
"""


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[..., FleetClient]]:
    """Give a function that starts a client whose bridge does what is said."""
    clients: list[FleetClient] = []

    def start(bridge: tuple[str, ...]) -> FleetClient:
        clients.append(FleetClient(
            read_address(ADDRESS), 'detect-x', Expected(1, ('ball',)), os.environ, bridge=bridge))
        clients[-1].start()
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    assert not [child for child in psutil.Process().children()
                if '-c' in child.cmdline() and 'pipe' in child.cmdline()[-4]]


@pytest.fixture(scope='module')
def frame(tiny_bundle: Path) -> Frame:
    return square_frames(load_manifest(tiny_bundle), 1)[0]


def bridge_that(then: str, **facts: object) -> tuple[str, str]:
    return '-c', BRIDGE_THAT.format(then=then, facts=facts)


def test_where_no_cluster_is_requests_are_answered_at_once(
    connect: Callable[..., FleetClient], frame: Frame
) -> None:
    client = connect(BRIDGE)
    wait_until(lambda: f'no Ray cluster at {ADDRESS}' in client.state.problem, 'the problem')

    answer = ask(client, request_for(frame))

    assert answer.outcome is Outcome.LOST and 'no Ray cluster' in answer.sentence


def test_a_deployment_that_cannot_be_used_is_not_and_says_why(
    connect: Callable[..., FleetClient], frame: Frame
) -> None:
    client = connect(bridge_that(READ_NOTHING, fingerprint='abc'))

    wait_until(lambda: 'serves model abc' in client.state.problem, 'the problem')

    assert ask(client, request_for(frame)).outcome is Outcome.LOST


def test_an_answer_that_is_none_costs_its_frame_and_the_connection(
    connect: Callable[..., FleetClient], frame: Frame
) -> None:
    client = connect(bridge_that(ANSWER_GARBAGE))
    wait_until(lambda: client.state.is_up, 'the connection')

    assert ask(client, request_for(frame)).outcome is Outcome.LOST

    wait_until(lambda: 'what is no answer' in client.state.problem, 'the problem')
    # And it is tried again.
    wait_until(lambda: client.state.is_up, 'the next connection')


def test_a_deployment_whose_model_was_changed_is_looked_at_anew(
    connect: Callable[..., FleetClient], frame: Frame
) -> None:
    client = connect(bridge_that(REFUSE_THE_MODEL))
    wait_until(lambda: client.state.is_up, 'the connection')

    assert ask(client, request_for(frame)).outcome is Outcome.REFUSED

    wait_until(lambda: 'another model now' in client.state.problem, 'the problem')


def test_a_request_that_nobody_answers_ends_and_several_end_the_connection(
    connect: Callable[..., FleetClient], frame: Frame
) -> None:
    client = connect(bridge_that('while True: pipe.recv_bytes()'))
    wait_until(lambda: client.state.is_up, 'the connection')

    assert ask(client, request_for(frame)).outcome is Outcome.LOST
    for _ in range(2):
        client.send(request_for(frame), lambda answer: None)

    wait_until(lambda: 'had no answer' in client.state.problem
               or 'nothing heard' in client.state.problem, 'the problem')


def test_a_bridge_that_ends_loses_what_it_had_in_hand_at_once(
    connect: Callable[..., FleetClient], frame: Frame
) -> None:
    client = connect(bridge_that('pipe.recv_bytes(); sys.exit()'))
    wait_until(lambda: client.state.is_up, 'the connection')
    seen: list[tuple[Outcome, bool]] = []

    client.send(request_for(frame), lambda answer: seen.append(
        (answer.outcome, client.state.is_up)))

    wait_until(lambda: seen, 'the answer')
    assert seen == [(Outcome.LOST, False)]


def test_a_bridge_that_stops_amid_a_message_is_replaced(
    connect: Callable[..., FleetClient], frame: Frame
) -> None:
    client = connect(bridge_that(STOP_AMID_A_MESSAGE))
    wait_until(lambda: client.state.is_up, 'the connection')

    assert ask(client, request_for(frame)).outcome is Outcome.LOST


def test_a_bridge_that_reads_nothing_does_not_hold_its_node(
    connect: Callable[..., FleetClient], frame: Frame
) -> None:
    client = connect(bridge_that(READ_NOTHING))
    wait_until(lambda: client.state.is_up, 'the connection')
    answers: list[Outcome] = []
    large = Frame(frame.header, b'x' * 2**20)

    for _ in range(3):
        client.send(request_for(large), lambda answer: answers.append(answer.outcome))

    wait_until(lambda: len(answers) == 3, 'every answer')
    assert set(answers) == {Outcome.LOST}
