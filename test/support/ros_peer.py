"""How does a test talk to the nodes under test? As a node of its own, spun by the test itself."""

from __future__ import annotations

from collections.abc import Callable, Sized
import time
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParametersAtomically
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile

# Generous: the machine may be busy with anything else.
LIMIT_S = 20.0
_SPIN_S = 0.02


class DiscoveryTimeoutError(TimeoutError):
    """Nothing at all came from another process: it may never have heard of this one."""


class Peer:
    """Publish to nodes, keep what they publish, and set their parameters; for one thread."""

    def __init__(self, name: str, namespace: str = '') -> None:
        self.node = rclpy.create_node(name, namespace=namespace)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)

    def publisher(self, kind: type, topic: str, qos: QoSProfile) -> Publisher:
        """Make a publisher."""
        return self.node.create_publisher(kind, topic, qos)

    def listen(self, kind: type, topic: str, qos: QoSProfile) -> list[Any]:
        """Return a list to which messages are added while the peer waits."""
        received: list[Any] = []
        self.node.create_subscription(kind, topic, received.append, qos)
        return received

    def wait(
        self, is_true: Callable[[], Any], what: str, limit_s: float = LIMIT_S,
        error: type[TimeoutError] = TimeoutError,
    ) -> None:
        """Receive until a condition holds; fail with what did not happen within the limit."""
        give_up_s = time.monotonic() + limit_s
        while not is_true():
            if time.monotonic() > give_up_s:
                raise error(f'{what} did not happen within {limit_s:g} s')
            self._executor.spin_once(timeout_sec=_SPIN_S)

    def wait_for_first(self, *received: Sized, what: str) -> None:
        """Receive until each has a message; the error is one that allows a second try."""
        self.wait(lambda: all(received), f'the first {what}', error=DiscoveryTimeoutError)

    def repeat(
        self, act: Callable[[], Any], is_true: Callable[[], Any], what: str, period_s: float = 0.1,
        limit_s: float = LIMIT_S, error: type[TimeoutError] = TimeoutError,
    ) -> None:
        """Act once a period until a condition holds."""
        next_s = 0.0

        def has_come_true() -> bool:
            nonlocal next_s
            if is_true():
                return True
            if time.monotonic() >= next_s:
                next_s = time.monotonic() + period_s
                act()
            return False

        self.wait(has_come_true, what, limit_s, error)

    def set_parameters(self, node_name: str, **values: Any) -> str:
        """Set parameters of a node together; return the reason of a refusal, empty if none."""
        parameters = [
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        answer = self.call(
            SetParametersAtomically, f'{node_name}/set_parameters_atomically',
            SetParametersAtomically.Request(parameters=parameters))
        return answer.result.reason

    def get_parameters(self, node_name: str, *names: str) -> list[Any]:
        """Return the values of a node's parameters."""
        answer = self.call(
            GetParameters, f'{node_name}/get_parameters', GetParameters.Request(names=names))
        return [parameter_value_to_python(value) for value in answer.values]

    def describe_parameters(self, node_name: str, *names: str) -> list[ParameterDescriptor]:
        """Return what the node says of its parameters."""
        return self.call(
            DescribeParameters, f'{node_name}/describe_parameters',
            DescribeParameters.Request(names=names)).descriptors

    def call(self, kind: type, service: str, request: Any) -> Any:
        """Call a service and return its answer."""
        client = self.node.create_client(kind, service)
        self.wait(
            client.service_is_ready, f'the service {service}', error=DiscoveryTimeoutError)
        answer = client.call_async(request)
        self.wait(answer.done, f'an answer of {service}')
        self.node.destroy_client(client)
        return answer.result()

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.node.destroy_node()
