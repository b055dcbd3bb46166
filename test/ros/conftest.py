"""What the tests of the nodes share: a ROS context, a tiny model, a running system."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec('rclpy') is None:
    # Importing any file here needs ROS messages.
    collect_ignore_glob = ['test_*.py']
else:
    import rclpy

    from support.ros_peer import Peer
    from support.split_system import SplitSystem, start_node


@pytest.fixture(scope='session')
def ros() -> Iterator[None]:
    """Hold one ROS context for the test run."""
    rclpy.init()
    yield
    rclpy.try_shutdown()


@pytest.fixture
def peer(ros: None) -> Iterator[Peer]:
    """Give a node of the test's own."""
    node = Peer('peer')
    yield node
    node.close()


@pytest.fixture(scope='session')
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a tiny model."""
    from support.bundles import write_tiny_bundle

    return write_tiny_bundle(tmp_path_factory.mktemp('bundle'))


@pytest.fixture(scope='module')
def system(
    ros: None, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SplitSystem]:
    """Give both nodes, running and warm; the tests of a file share them."""
    logs = tmp_path_factory.mktemp('logs')
    # The tests publish one image after the other, as fast as they are served.
    onboard = start_node(
        'onboard', logs / 'onboard.log', {'model': tiny_bundle, 'target_fps': 200.0})
    offboard = start_node(
        'offboard', logs / 'offboard.log', {'model': tiny_bundle, 'device': 'cpu'})
    running = SplitSystem(Peer('camera'), onboard, offboard)
    try:
        running.warm_up()
        yield running
    finally:
        running.close()
