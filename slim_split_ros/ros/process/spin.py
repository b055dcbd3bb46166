"""
How every node of this package starts and ends, and with which exit status.

0: ended by SIGINT, SIGTERM or its own work being done; 1: it could not start, one line on
stderr says why. A second Ctrl-C during the end does no harm.
"""

from collections.abc import Callable, Sequence
import sys
from typing import Protocol

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from slim_split_ros.ros.errors import StartError
from slim_split_ros.ros.process.ending import Ending
from slim_split_ros.wire.utf8 import is_utf8

# A worker's thread gets its turn this soon beside a busy executor. CPython's default of 5 ms
# costs 0.5 ms a frame in the median and several now and then; a tenth of this is worse again.
_SWITCH_INTERVAL_S = 0.0001

_DONE = 0
_FAILED = 1


class RunnableNode(Protocol):
    """Be a rclpy node with work in threads of its own."""

    def stop(self) -> None:
        """End these threads, while the publishers still exist."""

    def destroy_node(self) -> None:
        """Leave the graph; rclpy's own."""


def run_node(
    make_node: Callable[[], RunnableNode],
    args: Sequence[str] | None,
    start_errors: tuple[type[Exception], ...] = (),
) -> int:
    """
    Make a node and spin it until it is told to stop; return the exit status.

    `start_errors` are the families, beside StartError, whose text says what to do.
    """
    ending = Ending()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        return _run(make_node, args, start_errors, ending)
    finally:
        ending.close()


def _run(
    make_node: Callable[[], RunnableNode], args: Sequence[str] | None,
    start_errors: tuple[type[Exception], ...], ending: Ending,
) -> int:
    node = None
    try:
        _check_arguments(sys.argv if args is None else args)
        rclpy.init(args=None if args is None else list(args))
        if not ending.is_asked:
            node = make_node()
            _spin(node)
    except ExternalShutdownException:
        return _DONE
    except Exception as error:
        # A signal invalidates the context under the hands of whatever uses it.
        if ending.is_asked:
            return _DONE
        # RuntimeError is what pybind11 makes of rcl's errors, here of wrong arguments.
        if isinstance(error, (StartError, *start_errors)) or (
                isinstance(error, RuntimeError) and not rclpy.ok()):
            return _explain(error)
        raise
    finally:
        if node is not None:
            node.stop()
            node.destroy_node()
        rclpy.try_shutdown()
    return _DONE


def _check_arguments(args: Sequence[str]) -> None:
    if not_text := [argument for argument in args if not is_utf8(argument)]:
        raise StartError(f'{not_text[0]!r} is not written in UTF-8, which ROS needs: rename the '
                         'file or folder')


def _spin(node: RunnableNode) -> None:
    # Not the EventsExecutor: in the wheels it idles at 100 % of a core. Not several threads:
    # they only wait for one another.
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        executor.spin()
    finally:
        executor.shutdown()


def _explain(error: Exception) -> int:
    print(' '.join(str(error).split()), file=sys.stderr, flush=True)
    return _FAILED
