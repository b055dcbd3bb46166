"""
Start four simulated robots and one server: `ros2 launch slim_split_ros fleet.launch.py`.

Other names, or more of them: `robots:=red,green,blue`.
"""

from launch import LaunchDescription
from slim_split_ros.ros.launch_actions import actions_of_nodes


def generate_launch_description() -> LaunchDescription:
    """Describe the server, and camera and onboard node of each robot, with their arguments."""
    return LaunchDescription(actions_of_nodes(
        'sim_camera', 'onboard', 'offboard', per_robot=('sim_camera', 'onboard'),
        defaults={'model': 'robocup', 'robots': 'robot1,robot2,robot3,robot4',
                  'camera_fps': '2.0', 'camera_width': '320', 'camera_height': '240'}))
