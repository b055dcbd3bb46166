"""How does a node end when what it publishes ends, or fails, in another thread?"""

from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from slim_split_ros.bags import BagError
from slim_split_ros.ros.errors import StartError


class SourceEnd:
    """Let another thread end the node: quietly, or with a sentence and exit status 1."""

    def __init__(self, node: Node) -> None:
        self._error: Exception | None = None
        self._guard = node.create_guard_condition(self._raise)

    def reach(self, error: Exception | None) -> None:
        """End the node; callable from any thread."""
        self._error = error
        self._guard.trigger()

    def _raise(self) -> None:
        # In the executor's thread, so that spinning ends and the exit status follows.
        if self._error is None:
            raise ExternalShutdownException
        if isinstance(self._error, (StartError, BagError)):
            raise self._error
        raise StartError(f'{type(self._error).__name__}: {self._error}') from self._error
