"""Start the robot's side: `ros2 launch slim_split_ros onboard.launch.py --show-args`."""

from launch import LaunchDescription
from slim_split_ros.ros.launch_actions import actions_of_nodes


def generate_launch_description() -> LaunchDescription:
    """Describe the onboard node with its arguments."""
    return LaunchDescription(actions_of_nodes('onboard'))
