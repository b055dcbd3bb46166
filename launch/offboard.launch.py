"""Start the server's side: `ros2 launch slim_split_ros offboard.launch.py --show-args`."""

from launch import LaunchDescription
from slim_split_ros.ros.launch_actions import actions_of_nodes


def generate_launch_description() -> LaunchDescription:
    """Describe the offboard node with its arguments."""
    return LaunchDescription(actions_of_nodes('offboard'))
