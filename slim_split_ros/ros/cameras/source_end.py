"""How does a node end when what it publishes ends, or fails, in another thread?"""

from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from slim_split_ros.ros.errors import StartError


class SourceEnd:
    """
    Let another thread end the node: quietly, or with a sentence and exit status 1.

    `start_errors` are those of the node whose words say enough.
    """

    def __init__(
        self, node: Node, start_errors: tuple[type[Exception], ...] = (StartError,)
    ) -> None:
        self._error: Exception | None = None
        self._start_errors = start_errors
        self._guard = node.create_guard_condition(self._raise)

    def reach(self, error: Exception | None) -> None:
        """End the node; callable from any thread."""
        self._error = error
        self._guard.trigger()

    def _raise(self) -> None:
        # In the executor's thread, so that spinning ends and the exit status follows.
        if self._error is None:
            raise ExternalShutdownException
        if isinstance(self._error, self._start_errors):
            raise self._error
        raise StartError(f'{type(self._error).__name__}: {self._error}') from self._error
