"""Tests of the names of a robot's nodes."""

from __future__ import annotations

import pytest

from slim_split_ros.ros.topics.namespaces import RobotNames, node_namespaces, read_robots


@pytest.mark.parametrize(('namespace', 'robot', 'cameras', 'expected'), [
    ('', '', '', ['']),
    ('robot1', '', '', ['robot1']),
    ('', 'robot1', '', ['robot1']),
    ('/team/', 'robot1', '', ['/team/robot1']),
    ('', '', 'front', ['front']),
    ('', 'robot1', ' front , rear', ['robot1/front', 'robot1/rear']),
])
def test_namespaces_are_those_of_the_robot_and_of_each_camera(
    namespace: str, robot: str, cameras: str, expected: list[str]
) -> None:
    assert node_namespaces(namespace, robot, cameras, 'image') == expected


@pytest.mark.parametrize(('robot', 'cameras', 'image_topic', 'words'), [
    ('1st', '', 'image', "argument robot has the name '1st'"),
    ('a/b', '', 'image', "argument robot has the name 'a/b'"),
    ('a__b', '', 'image', "argument robot has the name 'a__b': .* no two underscores in a row"),
    ('', 'front,,rear', 'image', "argument cameras has the name ''"),
    ('', 'front,rear,front', 'image', 'names front twice: give each camera a name of its own'),
    ('', 'front,rear', '/image', 'argument image_topic is /image, one topic for 2 cameras'),
])
def test_names_that_ros_does_not_take_or_that_clash_are_refused(
    robot: str, cameras: str, image_topic: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        node_namespaces('', robot, cameras, image_topic)


def test_one_camera_may_be_on_any_topic() -> None:
    assert node_namespaces('', '', 'front', '/camera/image') == ['front']


def test_robots_are_names_and_patterns_of_names() -> None:
    assert read_robots('a, team/b, scout?, *, team/*/front') == RobotNames(
        ('a', 'team/b'), ('scout?', '*', 'team/*/front'))


@pytest.mark.parametrize('pattern', ['/scout*', 'scout*/', 'a//*', '2nd*', 'a-*', 'a*/1'])
def test_a_pattern_that_no_namespace_can_match_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match='robots has the name .*or a pattern such as'):
        read_robots(f'a,{pattern}')
