"""What the graph says of topics; what is not of ROS may have them of any name and length."""

from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.validate_full_topic_name import validate_full_topic_name


def topics_by_type(node: Node) -> dict[str, list[str]]:
    """Return the topics of each type, those that somebody asks for in vain among them."""
    found: dict[str, list[str]] = {}
    for topic, types in node.get_topic_names_and_types():
        if is_topic(topic):
            for kind in types:
                found.setdefault(kind, []).append(topic)
    return found


def is_topic(name: str) -> bool:
    """Say whether ROS takes a name, with all its namespaces, as that of a topic."""
    try:
        return validate_full_topic_name(name)
    except InvalidTopicNameException:
        return False
