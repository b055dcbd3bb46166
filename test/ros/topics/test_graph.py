"""Which topics does the graph have for ROS, whatever else is in it?"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from slim_split_ros.ros.topics.graph import is_topic, topics_by_type

pytestmark = pytest.mark.ros
STRANGE = ('/2a', '/c-d', '/x//y', '/~z', '/{q}', '/a b', '/é', '/', '', '/a/', '/' + 'n' * 300)
ODD = ('/_hidden/a', '/a__b/c_', '/a/b/c/d/e/f/g/h/i/j', '/A9/_', '/' + 'n' * 200)


@pytest.mark.parametrize('name', STRANGE)
def test_a_name_that_ros_does_not_take_is_no_topic(name: str) -> None:
    assert not is_topic(name)


@pytest.mark.parametrize('name', ODD)
def test_an_odd_name_that_ros_takes_is_one(name: str) -> None:
    assert is_topic(name)


def test_topics_are_those_of_a_type_without_what_is_not_of_ros() -> None:
    node = SimpleNamespace(get_topic_names_and_types=lambda: [
        ('/a', ['x/msg/A', 'x/msg/B']), ('/b b', ['x/msg/A']), ('/c', ['x/msg/A'])])

    assert topics_by_type(node) == {'x/msg/A': ['/a', '/c'], 'x/msg/B': ['/a']}
