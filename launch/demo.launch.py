"""Start simulated camera and both sides: `ros2 launch slim_split_ros demo.launch.py`."""

from launch import LaunchDescription
from slim_split_ros.ros.launch_actions import actions_of_nodes


def generate_launch_description() -> LaunchDescription:
    """Describe the three nodes with their arguments."""
    return LaunchDescription(actions_of_nodes(
        'sim_camera', 'onboard', 'offboard', defaults={'model': 'robocup'}))
