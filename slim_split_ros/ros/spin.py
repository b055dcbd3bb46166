"""
Answer how every node of this package starts and ends, and with which exit status.

0: ended by SIGINT, SIGTERM or its own work being done; 1: it could not start, one line on
stderr says why. A second Ctrl-C during the end does no harm.
"""

from collections.abc import Callable, Sequence
import signal
import sys
from typing import Protocol

import rclpy
from rclpy.exceptions import ROSInterruptException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from slim_split_ros.ros.errors import StartError

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
    # rclpy puts its own handler on top; after shutdown a further Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        rclpy.init(args=None if args is None else list(args))
    except RuntimeError as error:  # what pybind11 makes of rcl's errors
        return _explain(error)
    node = None
    try:
        node = make_node()
        _spin(node)
    except (KeyboardInterrupt, ExternalShutdownException, ROSInterruptException):
        return _DONE
    except (StartError, *start_errors) as error:
        return _explain(error)
    except Exception:
        # A signal while the node is made invalidates the context under its hands.
        if rclpy.ok():
            raise
        return _DONE
    finally:
        if node is not None:
            node.stop()
            node.destroy_node()
        rclpy.try_shutdown()
    return _DONE


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
