"""Tests of one server for robots in namespaces: each has its own topics, turn and troubles."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from pathlib import Path
import signal
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool
from vision_msgs.msg import Detection2DArray, LabelInfo

from slim_split_ros.msg import Answer, EncodedFrame, LinkReport, ServerStatus
from slim_split_ros.ros.topics.messages import to_ns
from slim_split_ros.ros.topics.qos import LATCHED
from support.bundles import write_tiny_bundle
from support.feature_robot import FeatureRobot
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import (
    CHECKOUT,
    RELIABLE,
    SENSOR_DATA,
    image_message,
    patch_pixels,
    ros_arguments,
    start_node,
    start_slow_offboard,
)

pytestmark = pytest.mark.ros

NAMES = 'a', 'b', 'c', 'd'
FRAMES_PER_S = 5
# Four robots want 20 frames in a second; it serves 15 at most, and sleeping costs no processor.
SERVER_S = 0.065
# Longer than between two looks for robots.
LONG_S = 2.5
ENOUGH = 100
LIMIT_S = 60.0
# A server of three places that loses patience soon.
SMALL_OFFBOARD = """
import sys
from slim_split_ros.ros import served_robots
from slim_split_ros.ros.offboard_node import main

served_robots.MAX_SENDERS, served_robots._PATIENCE_S = 3, 3.0
sys.exit(main())
"""
# A server to which something unforeseen happens when it makes the topics of one robot.
UNLUCKY_OFFBOARD = """
import sys
from slim_split_ros.ros import served_robot
from slim_split_ros.ros.offboard_node import main

class Topics(served_robot.RobotTopics):
    def __init__(self, node, robot, *others):
        super().__init__(node, robot, *others)
        if robot == 'b':
            raise RuntimeError('out of luck')

served_robot.RobotTopics = Topics
sys.exit(main())
"""

StartServer = Callable[..., Process]


@pytest.fixture
def start_server(tiny_bundle: Path, tmp_path: Path, nodes: list[Process]) -> StartServer:
    """Give a function that starts the server's node, with a pace and parameters."""
    def start(server_s: float = 0.0, **parameters: Any) -> Process:
        nodes.append(start_slow_offboard(
            tmp_path / 'offboard.log', {'model': tiny_bundle, **parameters}, server_s))
        return nodes[-1]

    return start


@pytest.fixture
def robots(peer: Peer, tiny_bundle: Path) -> dict[str, FeatureRobot]:
    return {name: FeatureRobot(peer, tiny_bundle, name) for name in NAMES}


def start_flood(robot: FeatureRobot, namespace: str, kind: str, folder: Path) -> Process:
    """Flood a robot's features with 200 frames in a second."""
    file = folder / 'frame.cdr'
    file.write_bytes(serialize_message(robot.message()))
    return Process.start(
        [str(CHECKOUT / 'test' / 'support' / 'flood.py'), kind, str(file), '200',
         '--ros-args', '-r', f'__ns:=/{namespace}'],
        folder / 'flood.log', CHECKOUT, {'PYTHONPATH': str(CHECKOUT)})


def show_in_turn(peer: Peer, robots: list[FeatureRobot], is_true: Callable[[], Any], what: str
                 ) -> None:
    """Let each robot send at its pace, apart from the others, until something is true."""
    turns = cycle(robots)
    peer.repeat(
        lambda: next(turns).show(), is_true, what, 1 / FRAMES_PER_S / len(robots), LIMIT_S)


def warm_up(peer: Peer, robots: list[FeatureRobot]) -> None:
    show_in_turn(peer, robots, lambda: all(robot.served() for robot in robots),
                 'a detection of each')


@pytest.mark.once
def test_four_robots_that_want_more_than_there_is_get_the_same(
    peer: Peer, robots: dict[str, FeatureRobot], start_server: StartServer
) -> None:
    start_server(SERVER_S, robots=','.join(NAMES))
    everyone = list(robots.values())
    warm_up(peer, everyone)
    before = [robot.served() for robot in everyone]

    def gains() -> list[int]:
        return [robot.served() - had for robot, had in zip(everyone, before, strict=True)]

    show_in_turn(peer, everyone, lambda: sum(gains()) >= ENOUGH, f'{ENOUGH} served')
    print('served', gains())
    mean = sum(gains()) / len(NAMES)
    assert all(gain == pytest.approx(mean, rel=0.1) for gain in gains())


@pytest.mark.once
def test_a_robot_that_floods_gets_its_share_at_most(
    peer: Peer, robots: dict[str, FeatureRobot], start_server: StartServer, tmp_path: Path,
    nodes: list[Process],
) -> None:
    server = start_server(SERVER_S, robots=','.join(NAMES))
    flooded = robots.pop('d')
    others = list(robots.values())
    warm_up(peer, [*others, flooded])
    nodes.append(start_flood(flooded, 'd', 'fast_sender', tmp_path))
    peer.wait(lambda: 'd: a newer frame took the place' in server.output, 'the flood')
    before = [(robot.served(), robot.sent) for robot in others]
    flooded.answers.clear()

    show_in_turn(peer, others, lambda: len(flooded.answers) >= ENOUGH / 4, 'answers to the flood')

    gains = [robot.served() - served for robot, (served, _) in zip(others, before, strict=True)]
    sent = [robot.sent - count for robot, (_, count) in zip(others, before, strict=True)]
    print('served', gains, 'sent', sent, 'flood', len(flooded.answers))
    for gain, wanted in zip(gains, sent, strict=True):
        # Of those that were sent: a busy machine sends fewer, and the flood has what is left. A
        # frame that comes just after its turn costs its robot one; by arrival it would be 40 to 1.
        assert gain >= 0.8 * min(len(flooded.answers), wanted)


@pytest.mark.once
def test_a_broken_robot_costs_itself_alone_and_is_named(
    peer: Peer, robots: dict[str, FeatureRobot], start_server: StartServer, tmp_path: Path,
    nodes: list[Process],
) -> None:
    server = start_server(robots='a,b')
    diagnostics = peer.listen(DiagnosticArray, '/diagnostics', RELIABLE)
    statuses = {name: peer.listen(ServerStatus, topic, RELIABLE) for name, topic in (
        ('', 'offboard/status'), ('a', 'a/offboard/status'), ('b', 'b/offboard/status'))}
    sound, broken = robots['a'], robots['b']
    warm_up(peer, [sound])
    nodes.append(start_flood(broken, 'b', 'garbage', tmp_path))

    def said(part: str) -> DiagnosticStatus | None:
        return next((status for array in reversed(diagnostics) for status in array.status
                     if status.name == f'offboard: {part}'), None)

    show_in_turn(peer, [sound], lambda: (
        said('robot b') and said('robot b').level == DiagnosticStatus.ERROR
        and said('robot a').level == DiagnosticStatus.OK), 'ERROR of b, OK of a')

    assert 'checksum' in said('robot b').message
    assert 'b: frame' in server.output and 'a: frame' not in server.output
    assert not broken.answers and not broken.reports
    show_in_turn(peer, [sound], lambda: all(statuses.values()) and (
        'checksum' in statuses['b'][-1].drop_reasons
        and [heard[-1].senders for heard in statuses.values()] == [1, 1, 0]),
        'statuses of the server, of a and of b')
    of_a, of_b = statuses['a'][-1], statuses['b'][-1]
    assert list(of_b.drop_reasons) == ['checksum'] and of_b.frames_served == 0
    assert 'checksum' not in of_a.drop_reasons


def test_each_robot_hears_of_its_own_frames_in_its_own_namespace(
    peer: Peer, robots: dict[str, FeatureRobot], start_server: StartServer
) -> None:
    start_server(robots='a,b')
    elsewhere = [peer.listen(kind, topic, SENSOR_DATA) for kind, topic in (
        (Detection2DArray, 'detections'), (Answer, 'answer'), (LinkReport, 'link_report'))]
    labels = [peer.listen(LabelInfo, f'{name}/label_info', LATCHED) for name in 'ab']
    heard = [robots['a'], robots['b']]
    # The second robot sends twice as many: their numbers differ.
    show_in_turn(peer, [*heard, robots['b']], lambda: all(
        robot.reports and robot.reports[-1].decoded_sequence > 3 for robot in heard), 'reports')

    peer.wait_for_first(*labels, what='label_info')
    assert not any(elsewhere)
    for robot in heard:
        for message in [*robot.answers, *robot.reports]:
            assert to_ns(message.sender_start) == robot.sender_start_ns
        report = robot.reports[-1]
        assert report.decoded_sequence <= robot.sent
        assert list(report.sequence) == sorted(set(report.sequence))
        assert report.sequence[-1] <= robot.sent


def test_an_onboard_node_in_a_namespace_is_served_as_by_a_server_of_its_own(
    peer: Peer, tiny_bundle: Path, tmp_path: Path, nodes: list[Process]
) -> None:
    model = write_tiny_bundle(tmp_path / 'pictures', with_pictures=True)
    nodes += [
        start_node('offboard', tmp_path / 'offboard.log', {
            'model': model, 'device': 'cpu', 'robots': 'team/a,b'}),
        start_node('onboard', tmp_path / 'onboard.log', {'model': model}, ['__ns:=/team/a'])]
    camera = peer.publisher(Image, 'team/a/image', SENSOR_DATA)
    detections = peer.listen(Detection2DArray, 'team/a/onboard/detections', RELIABLE)
    pictures = peer.listen(Image, 'team/a/offboard/picture', SENSOR_DATA)
    stamps_ns: list[int] = []

    def show() -> None:
        stamps_ns.append(10**18 + 10**9 * len(stamps_ns))
        camera.publish(image_message(patch_pixels(), stamps_ns[-1]))

    peer.repeat(show, lambda: detections and pictures, 'detections and a picture')

    assert {to_ns(message.header.stamp) for message in [*detections, *pictures]} <= set(stamps_ns)


def test_robots_of_a_pattern_come_and_go(
    peer: Peer, tiny_bundle: Path, start_server: StartServer
) -> None:
    server = start_server(robots="'named, scout*'")
    diagnostics = peer.listen(DiagnosticArray, '/diagnostics', RELIABLE)
    peer.wait(lambda: any('no robot is found' in status.message for array in diagnostics
                          for status in array.status), 'the word that there is none')
    scout, other = FeatureRobot(peer, tiny_bundle, 'scout1'), FeatureRobot(peer, tiny_bundle, 'x')
    show_in_turn(peer, [scout, other], scout.served, 'a detection of the scout')

    second = FeatureRobot(peer, tiny_bundle, 'scout2')
    show_in_turn(peer, [scout, second], second.served, 'a detection of another')
    peer.node.destroy_publisher(second.features)
    show_in_turn(peer, [scout], lambda: 'robot scout2 is gone' in server.output, 'it to be gone')

    had = scout.served()
    show_in_turn(peer, [scout], lambda: scout.served() > had, 'a detection afterwards')
    assert not other.served() and 'robot x is' not in server.output
    server.signal(signal.SIGINT)
    assert server.wait(LIMIT_S) == 0
    assert 'Traceback' not in server.output


def test_a_robot_that_leaves_at_once_gets_its_answer(
    peer: Peer, tiny_bundle: Path, start_server: StartServer
) -> None:
    server = start_server(LONG_S, robots="'*'")
    robot = FeatureRobot(peer, tiny_bundle, 'hasty')
    peer.repeat(robot.show, lambda: robot.reports, 'a report of its frame')
    peer.node.destroy_publisher(robot.features)
    peer.wait(robot.served, 'a detection')
    assert 'Traceback' not in server.output


@pytest.mark.once
def test_who_sends_nothing_makes_room_for_who_does_where_all_places_are_taken(
    peer: Peer, tiny_bundle: Path, tmp_path: Path, nodes: list[Process]
) -> None:
    nodes.append(Process.start(
        ['-c', SMALL_OFFBOARD, *ros_arguments(
            {'device': 'cpu', 'model': tiny_bundle, 'robots': "'named, x*, scout*'"})],
        tmp_path / 'offboard.log', CHECKOUT, {}))
    server = nodes[-1]
    diagnostics = peer.listen(DiagnosticArray, '/diagnostics', RELIABLE)

    def says(words: str) -> bool:
        """Say whether the newest word on the robots has these in it."""
        return any(words in status.message for status in (
            diagnostics[-1].status if diagnostics else ()) if status.name == 'offboard: robots')

    idle = [peer.publisher(EncodedFrame, f'x{number}/features', SENSOR_DATA) for number in '12']
    peer.wait(lambda: all(f'robot x{number} is there' in server.output for number in '12'),
              'all places to be taken')
    scout = FeatureRobot(peer, tiny_bundle, 'scout')
    show_in_turn(peer, [scout], lambda: says('is not served: there are 3'), 'the word on it')
    show_in_turn(peer, [scout], scout.served, 'a detection')
    had = scout.served()
    show_in_turn(peer, [scout], lambda: server.output.count('makes room') > 2, 'turns of the idle')
    assert scout.served() > had
    assert not any(f'robot {kept} sent nothing' in server.output for kept in ('named', 'scout'))

    for publisher in idle:
        peer.node.destroy_publisher(publisher)
    show_in_turn(peer, [scout], lambda: diagnostics and not says('is not served'), 'room again')
    assert 'Traceback' not in server.output


def test_a_robot_that_cannot_be_made_is_named_once_and_costs_no_other(
    peer: Peer, tiny_bundle: Path, robots: dict[str, FeatureRobot], tmp_path: Path,
    nodes: list[Process],
) -> None:
    nodes.append(Process.start(
        ['-c', UNLUCKY_OFFBOARD, *ros_arguments(
            {'device': 'cpu', 'model': tiny_bundle, 'robots': "'*'"})],
        tmp_path / 'offboard.log', CHECKOUT, {}))
    server, sound, unlucky = nodes[-1], robots['a'], robots['b']
    show_in_turn(peer, [sound, unlucky], lambda: (
        sound.served() and 'robot b is not served' in server.output), 'a served, b named')
    had = sound.served()
    show_in_turn(peer, [sound, unlucky], lambda: sound.served() > had + 3 * FRAMES_PER_S, 'more')
    assert server.output.count('robot b is not served') == 1
    assert 'out of luck' in server.output
    assert not unlucky.served()
    assert peer.node.count_publishers('/b/answer') == 0


@pytest.mark.parametrize('letters', [222, 230])
def test_a_name_too_long_for_a_robot_s_topics_ends_nothing(
    peer: Peer, tiny_bundle: Path, start_server: StartServer, letters: int
) -> None:
    server = start_server(robots="'*'")
    peer.publisher(EncodedFrame, f'{"n" * letters}/features', SENSOR_DATA)
    scout = FeatureRobot(peer, tiny_bundle, 'scout')
    show_in_turn(peer, [scout], lambda: scout.served() > FRAMES_PER_S, 'more than a second')
    assert 'nnn' not in server.output and 'Traceback' not in server.output


def test_named_and_found_robots_are_served_again_after_a_rest(
    peer: Peer, tiny_bundle: Path, start_server: StartServer
) -> None:
    server = start_server(robots="'a, scout*'")
    both = [FeatureRobot(peer, tiny_bundle, name) for name in ('a', 'scout')]
    warm_up(peer, both)

    for is_wanted in (False, True):
        request = SetBool.Request(data=is_wanted)
        assert peer.call(SetBool, 'offboard/enable', request).success

    had = [robot.served() for robot in both]
    show_in_turn(peer, both, lambda: all(
        robot.served() > count for robot, count in zip(both, had, strict=True)), 'service again')
    assert 'Traceback' not in server.output


@pytest.mark.parametrize(('robots', 'words'), [
    ('a,a', 'robots names a twice'),
    ('a,2nd', "robots has the name '2nd': give letters, digits and underscores, no digit first"),
    ('a,,b', "robots has the name ''"),
    ('/a', "robots has the name '/a'"),
    ('a-*', "robots has the name 'a-*'"),
])
def test_names_that_clash_or_are_none_end_the_start_in_one_line(
    robots: str, words: str, tiny_bundle: Path, start_server: StartServer
) -> None:
    server = start_server(robots=f"'{robots}'")
    assert server.wait(LIMIT_S) == 1
    assert words in server.output
    assert len(server.own_lines) == 1
