"""What all tests share: the users' data, a ROS domain of their own, nodes as processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
import importlib.util
import os
from pathlib import Path
import signal
from typing import TYPE_CHECKING

import pytest

from support.processes import Process
from support.ros_environment import isolate_ros

if TYPE_CHECKING:
    from support.fleet_cluster import DeployedCluster
    from support.ros_peer import Peer
    from support.split_system import SplitSystem

CHECKOUT = Path(__file__).resolve().parents[1]
# Of two processes that start at the same moment one may never hear the other: once in 7,600 pairs
# tried, images over Fast DDS's shared memory did not come for as long as both ran (probably
# https://github.com/eProsima/Fast-DDS/pull/4728). Where nothing at all came from a process, a
# test gets a second chance with new ones, which the summary counts; all else fails at once.
SECOND_CHANCE = pytest.mark.flaky(reruns=1, only_rerun=['DiscoveryTimeoutError'])

if importlib.util.find_spec('rclpy') is None:
    # Importing any file there needs ROS messages.
    collect_ignore_glob = ['ros/*', 'demo/*']

# In the background of a script's shell SIGINT is ignored, and would be by all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Before any test imports rclpy: the middleware reads it when the first context is made.
os.environ.pop('ROS_LOCALHOST_ONLY', None)  # deprecated, and stronger than the range
os.environ.update(isolate_ros(CHECKOUT / 'config' / 'fastdds_large_images.xml'))


@pytest.fixture(scope='session')
def checkout() -> Path:
    """Give the folder of the checkout."""
    return CHECKOUT


@pytest.fixture(scope='session')
def slim_split_data() -> Path:
    """Give the folder of recordings: SLIM_SPLIT_DATA, or ../shared/data beside the checkout."""
    folder = Path(os.environ.get('SLIM_SPLIT_DATA', CHECKOUT.parent / 'shared' / 'data'))
    if not folder.is_dir():
        pytest.skip(f'no recordings at {folder}: set SLIM_SPLIT_DATA to their folder')
    return folder


@pytest.fixture
def ros_process(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Give a function that starts Python with arguments; whatever it started ends with the test.

    `ros_process('-m', 'slim_split_ros.ros.onboard_node', '--ros-args', '-p', 'width:=0.5')`
    """
    started: list[Process] = []

    def start(*arguments: str, environment: dict[str, str] | None = None) -> Process:
        log = tmp_path / f'process_{len(started)}.log'
        started.append(Process.start(arguments, log, CHECKOUT, environment or {}))
        return started[-1]

    yield start
    for process in started:
        process.end()


@pytest.fixture
def nodes() -> Iterator[list[Process]]:
    """Collect the processes of a test, to end what still runs."""
    started: list[Process] = []
    yield started
    for process in started:
        process.end()


@pytest.fixture(scope='session')
def ros() -> Iterator[None]:
    """Hold one ROS context for the test run."""
    import rclpy

    rclpy.init()
    yield
    rclpy.try_shutdown()


@pytest.fixture
def peer(ros: None) -> Iterator[Peer]:
    """Give a node of the test's own."""
    from support.ros_peer import Peer

    node = Peer('peer')
    yield node
    node.close()


@pytest.fixture(scope='session')
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a tiny model."""
    from support.bundles import write_tiny_bundle

    return write_tiny_bundle(tmp_path_factory.mktemp('bundle'))


@pytest.fixture(scope='session')
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedCluster]:
    """Give a Ray cluster of this test run with two replicas of a tiny model."""
    pytest.importorskip('ray', reason='ray is not here: requirements/fleet.txt')
    from support.fleet_cluster import deployed_cluster

    with deployed_cluster(tmp_path_factory.mktemp('fleet')) as running:
        yield running


@pytest.fixture(scope='module')
def system(
    ros: None, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SplitSystem]:
    """Give both nodes, running and warm; the tests of a file share them."""
    from support.ros_peer import Peer
    from support.split_system import SplitSystem, start_node

    logs = tmp_path_factory.mktemp('logs')
    # The tests publish one image after the other, as fast as they are served.
    onboard = start_node(
        'onboard', logs / 'onboard.log', {'model': tiny_bundle, 'target_fps': 60.0})
    offboard = start_node(
        'offboard', logs / 'offboard.log', {'model': tiny_bundle, 'device': 'cpu'})
    running = SplitSystem(Peer('camera'), onboard, offboard)
    try:
        running.warm_up()
        yield running
    finally:
        running.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Print beside a failure what the test's processes printed."""
    report = yield
    if report.failed:
        for process in Process.started:
            state = 'runs' if process.is_running else f'ended with {process.status}'
            report.sections.append((f'{process.name} ({state})', process.output))
    if report.when == 'teardown':
        Process.started[:] = [process for process in Process.started if process.is_running]
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run, with the reason, and mark what may run twice."""
    reasons = {
        'ros': None if _imports('rclpy') else 'rclpy is not here: make setup, or source ROS',
        'torch': None if _imports('torch') else 'torch is not here: make setup-training',
    }
    for item in items:
        for marker, reason in reasons.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
        if item.get_closest_marker('ros'):
            item.add_marker(SECOND_CHANCE)
    # The cluster that they share takes a processor's time as long as it runs: nobody after them.
    items.sort(key=lambda item: 'fleet' in getattr(item, 'fixturenames', ()))


def _imports(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
