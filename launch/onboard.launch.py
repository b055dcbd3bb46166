"""
Start the robot's side: `ros2 launch slim_split_ros onboard.launch.py --show-args`.

Several cameras: `cameras:=front,rear` starts a node in a namespace of each.
"""

from launch import LaunchDescription
from slim_split_ros.ros.launch_actions import actions_of_nodes


def generate_launch_description() -> LaunchDescription:
    """Describe the onboard nodes with their arguments."""
    return LaunchDescription(actions_of_nodes('onboard', per_camera=True))
