import subprocess
import sys


def test_planning_imports_neither_ray_nor_ros_nor_torch() -> None:
    program = ('import sys, slim_split_ros.fleet.planning, '
               'slim_split_ros.commands.fleet_simulation; print(*sys.modules)')
    loaded = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True,
                            check=True, timeout=120).stdout.split()
    assert 'slim_split_ros.fleet' in loaded
    assert not {'ray', 'rclpy', 'torch'} & set(loaded)
