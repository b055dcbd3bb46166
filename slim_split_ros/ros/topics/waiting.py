"""
What a node says while nothing comes on a topic it listens to: who publishes there, or where else.

What comes and is refused is no silence; the node's diagnostics say that.
"""

from collections.abc import Mapping
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSCompatibility, qos_check_compatible
from rclpy.subscription import Subscription

from slim_split_ros.ros.topics.graph import topics_by_type

PATIENCE_S = 5.0
# Enough to find the right one, few enough for a line of a log.
_NAMED_TOPICS = 5
# What the offboard node makes of the images is not what they are made of.
_REBUILT = ('/picture', '/picture/compressed', '/annotated')


class Waiting:
    """
    Say what a subscription listens to, and what is there instead after 5 s without a message.

    A sentence is not repeated until something came or the graph has changed. Call `heard` for
    every message. `remedies` say what to do where another type of message is published.

        subscription = node.create_subscription(Image, 'image', on_image, SENSOR_DATA)
        waiting = Waiting(
            node, subscription, 'raw', {CompressedImage: 'set image_transport to compressed'})
    """

    def __init__(
        self, node: Node, subscription: Subscription, note: str = '',
        remedies: Mapping[type, str] | None = None,
    ) -> None:
        self._node = node
        self._subscription = subscription
        self._remedies = {subscription.msg_type: 'remap the topic', **(remedies or {})}
        self._has_heard = False
        self._said = ''
        remark = f' ({note})' if note else ''
        node.get_logger().info(f'listening to {subscription.topic_name}{remark}')
        node.create_timer(PATIENCE_S, self._look, clock=steady_clock())

    @property
    def silence(self) -> str:
        """Why nothing comes, a sentence; empty while something does, and in the first 5 s."""
        return self._said

    def heard(self) -> None:
        """Note that a message came, whatever it was."""
        self._has_heard, self._said = True, ''

    def _look(self) -> None:
        was_heard, self._has_heard = self._has_heard, False
        if was_heard:
            return
        sentence = explain_silence(self._node, self._subscription, self._remedies)
        if sentence != self._said:
            self._said = sentence
            self._node.get_logger().warning(sentence)


def steady_clock() -> Clock:
    """Return a clock that runs on while simulated time stands still."""
    return Clock(clock_type=ClockType.STEADY_TIME)


def explain_silence(
    node: Node, subscription: Subscription, remedies: Mapping[type, str]
) -> str:
    """Say in a sentence why nothing may come, and what to do about each type of message."""
    topic = subscription.topic_name
    publishers = node.get_publishers_info_by_topic(topic)
    if publishers:
        return f'nothing on {topic}: ' + '; '.join(
            sorted({_obstacle(publisher, subscription) for publisher in publishers}))
    if not remedies:
        return f'nothing on {topic}: no node publishes it'
    found = filter(None, (_elsewhere(node, kind, remedy) for kind, remedy in remedies.items()))
    instead = '; '.join(found) or (
        f'nor is {_type_name(subscription.msg_type)} on any other topic that this node does not '
        'hear already: start the node that publishes it')
    return f'nothing on {topic}: no node publishes it; {instead}'


def explain_absence(node: Node, publisher: Publisher, remedy: str) -> str:
    """Say why nobody gets what is published, and what to do; empty where somebody does."""
    if publisher.get_subscription_count():
        return ''
    topic = publisher.topic_name
    obstacles = sorted({
        _obstacle_behind(publisher, info) for info in node.get_subscriptions_info_by_topic(topic)})
    return f'nobody gets {topic}: ' + ('; '.join(obstacles) or f'no node listens to it: {remedy}')


def _obstacle_behind(publisher: Publisher, subscription: Any) -> str:
    """Say what keeps messages from one subscription."""
    name = f'{subscription.node_namespace.rstrip("/")}/{subscription.node_name}'
    published = _type_name(publisher.msg_type)
    if subscription.topic_type != published:
        return f'{name} listens for {subscription.topic_type}, this node publishes {published}'
    compatibility, reason = qos_check_compatible(
        publisher.qos_profile, subscription.qos_profile)
    if compatibility == QoSCompatibility.ERROR:
        why = reason.removeprefix('ERROR: ').rstrip('; ')
        return (
            f'{name} listens with an incompatible quality of service ({why}): set '
            f'qos_overrides.{publisher.topic_name}.publisher.* of this node')
    return f'{name} listens, but is not connected yet'


def _obstacle(publisher: Any, subscription: Subscription) -> str:
    """Say what keeps one publisher's messages from here."""
    name = f'{publisher.node_namespace.rstrip("/")}/{publisher.node_name}'
    wanted = _type_name(subscription.msg_type)
    if publisher.topic_type != wanted:
        return f'{name} publishes it as {publisher.topic_type}, this node takes {wanted}'
    compatibility, reason = qos_check_compatible(
        publisher.qos_profile, subscription.qos_profile)
    if compatibility == QoSCompatibility.ERROR:  # not `is`: made anew by each call
        why = reason.removeprefix('ERROR: ').rstrip('; ')
        return (
            f'{name} publishes it with an incompatible quality of service ({why}): set '
            f'qos_overrides.{subscription.topic_name}.subscription.* of this node')
    return f'{name} publishes it, but nothing comes'


def _elsewhere(node: Node, kind: type, remedy: str) -> str:
    """Say on which topics that the node does not hear a type is published; empty if on none."""
    # Whoever publishes those was not meant: a server has a topic for each of its robots.
    heard = {subscription.topic_name for subscription in node.subscriptions}
    topics = [
        topic for topic in topics_by_type(node).get(_type_name(kind), [])
        if topic not in heard and not topic.endswith(_REBUILT) and any(
            publisher.topic_type == _type_name(kind)
            for publisher in node.get_publishers_info_by_topic(topic))]
    if not topics:
        return ''
    rest = ', …' if len(topics) > _NAMED_TOPICS else ''
    return f'{_type_name(kind)} is on {", ".join(topics[:_NAMED_TOPICS])}{rest}: {remedy}'


def _type_name(kind: type) -> str:
    return f'{kind.__module__.partition(".")[0]}/msg/{kind.__name__}'
