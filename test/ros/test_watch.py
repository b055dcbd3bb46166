"""Does `watch` hear every robot and server, whatever their names, and what they complain of?"""

from __future__ import annotations

from collections.abc import Iterator
import json
import math
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import pytest
from rclpy.executors import SingleThreadedExecutor

from slim_split_ros.msg import EncoderStatus, ServerStatus
from slim_split_ros.ros.watch_node import MOST_TOPICS, Watch
from support.ros_peer import Peer
from support.split_system import RELIABLE

pytestmark = pytest.mark.ros


@pytest.fixture
def watch(ros: None) -> Iterator[tuple[Watch, SingleThreadedExecutor]]:
    node = Watch()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    yield node, executor
    executor.shutdown()
    node.destroy_node()


def status(sent: int, reason: str = 'link') -> EncoderStatus:
    return EncoderStatus(
        state='active', width=0.5, rate=1, coder='cells', reason=reason, frames_sent=sent,
        rate_kbps=123.0, capacity_kbps=math.nan, drop_reasons=['link', 'late'], drop_counts=[3])


def test_every_robot_and_server_has_a_row(
    peer: Peer, watch: tuple[Watch, SingleThreadedExecutor]
) -> None:
    node, executor = watch
    first = peer.publisher(EncoderStatus, '/robot1/onboard/status', RELIABLE)
    second = peer.publisher(EncoderStatus, '/robot2/encoder/status', RELIABLE)
    server = peer.publisher(ServerStatus, '/offboard/status', RELIABLE)
    diagnostics = peer.publisher(DiagnosticArray, '/diagnostics', RELIABLE)
    warning = DiagnosticStatus(
        level=DiagnosticStatus.WARN, name='robot1/onboard: images', message='no image')
    fine = DiagnosticStatus(level=DiagnosticStatus.OK, name='robot2/onboard: images')
    sent = 0

    def publish() -> None:
        nonlocal sent
        sent += 1
        first.publish(status(sent))
        second.publish(status(10, reason='outage'))
        server.publish(ServerStatus(state='active', senders=2, rate_fps=9.5, server_ms=math.nan))
        diagnostics.publish(DiagnosticArray(status=[warning, fine]))
        for _ in range(5):
            executor.spin_once(timeout_sec=0.01)

    peer.repeat(publish, lambda: (
        len(node.robots()) == 2 and node.servers() and node.complaints()
        and node.robots()[0].frames_per_s), 'both robots, the server and the complaint')

    robots, found = node.robots(), node.servers()[0]
    assert [robot.node for robot in robots] == ['/robot1/onboard', '/robot2/encoder']
    assert [robot.reason for robot in robots] == ['link', 'outage']
    assert robots[0].dropped == {'link': 3}
    assert robots[0].capacity_kbps is None and robots[0].rate_kbps == 123.0
    assert robots[0].frames_per_s > 0.0
    assert (found.node, found.senders, found.server_ms) == ('/offboard', 2, None)
    complaint, = node.complaints()
    assert (complaint.level, complaint.message) == ('WARN', 'no image')


def test_a_node_that_has_gone_complains_no_more(
    peer: Peer, watch: tuple[Watch, SingleThreadedExecutor]
) -> None:
    node, executor = watch
    diagnostics = peer.publisher(DiagnosticArray, '/diagnostics', RELIABLE)
    warning = DiagnosticStatus(level=DiagnosticStatus.WARN, name='onboard: link', message='down')

    def listen() -> None:
        executor.spin_once(timeout_sec=0.01)

    peer.repeat(lambda: (diagnostics.publish(DiagnosticArray(status=[warning])), listen()),
                node.complaints, 'the complaint')
    peer.repeat(listen, lambda: not node.complaints(), 'the end of it')


def test_who_comes_after_many_that_went_has_a_row(
    peer: Peer, watch: tuple[Watch, SingleThreadedExecutor]
) -> None:
    node, executor = watch

    def listen() -> None:
        executor.spin_once(timeout_sec=0.01)

    many = [peer.publisher(EncoderStatus, f'/flood{number}/status', RELIABLE)
            for number in range(MOST_TOPICS + 10)]
    peer.repeat(lambda: (many[0].publish(status(1)), many[-1].publish(status(1)), listen()),
                node.robots, 'a row of the flood')
    for publisher in many:
        peer.node.destroy_publisher(publisher)
    late = peer.publisher(EncoderStatus, '/late/onboard/status', RELIABLE)
    peer.repeat(lambda: (late.publish(status(1)), listen()),
                lambda: '/late/onboard' in [robot.node for robot in node.robots()], 'its row')


def test_topics_that_are_not_of_ros_cost_nobody_a_row(peer: Peer) -> None:
    class AmongStrangers(Watch):
        def get_topic_names_and_types(
            self, *args: Any, **kwargs: Any
        ) -> list[tuple[str, list[str]]]:
            return [(f'/{name}/onboard/status', ['slim_split_ros/msg/EncoderStatus'])
                    for name in ('2a', 'x//y', 'a b', 'n' * 300)] + \
                super().get_topic_names_and_types(*args, **kwargs)

    first = peer.publisher(EncoderStatus, '/robot1/onboard/status', RELIABLE)
    node = AmongStrangers()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        peer.repeat(lambda: (first.publish(status(1)), executor.spin_once(timeout_sec=0.1)),
                    node.robots, 'a row')
    finally:
        executor.shutdown()
        node.destroy_node()
    assert [robot.node for robot in node.robots()] == ['/robot1/onboard']


def test_silence_is_one_line_that_names_the_domain() -> None:
    answer = subprocess.run(
        [sys.executable, '-m', 'slim_split_ros', 'watch', '--seconds', '1'],
        capture_output=True, text=True, timeout=60)

    assert answer.returncode == 1
    # Kilted's middleware warns of its profile.
    line, = [line for line in answer.stderr.splitlines() if '[rmw_' not in line]
    assert 'is heard in ROS domain' in line and 'ROS_DOMAIN_ID' in line
    assert 'give --seconds more than 1, which may be too few' in line


def test_an_interruption_ends_the_last_line_too(peer: Peer) -> None:
    first = peer.publisher(EncoderStatus, '/a/onboard/status', RELIABLE)
    with subprocess.Popen([sys.executable, '-m', 'slim_split_ros', 'watch'],
                          stdout=subprocess.PIPE, text=True) as command:
        peer.wait(first.get_subscription_count, 'somebody who watches', limit_s=60.0)
        # Found by whoever goes on to look.
        second = peer.publisher(EncoderStatus, '/b/onboard/status', RELIABLE)
        peer.wait(second.get_subscription_count, 'a second look')
        command.send_signal(signal.SIGINT)
        shown = command.stdout.read()

    assert shown.endswith('\n')


def test_the_last_state_is_written(peer: Peer, tmp_path: Path) -> None:
    publisher = peer.publisher(EncoderStatus, '/a/onboard/status', RELIABLE)
    with subprocess.Popen(
            [sys.executable, '-m', 'slim_split_ros', 'watch', '--seconds', '8',
             '--json', str(tmp_path / 'a.json')], stdout=subprocess.PIPE, text=True) as command:
        peer.repeat(lambda: publisher.publish(status(1)), lambda: command.poll() is not None,
                    'the end of watching', limit_s=60.0)
        shown = command.stdout.read()

    assert command.returncode == 0
    assert '/a/onboard' in shown
    robot, = json.loads((tmp_path / 'a.json').read_text())['robots']
    assert (robot['width'], robot['coder']) == (0.5, 'cells')
