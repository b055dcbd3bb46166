"""Install what pyproject.toml cannot name: the files that ROS finds in `share`."""

from glob import glob

from setuptools import setup

setup(data_files=[
    ('share/slim_split_ros', ['package.xml']),
    ('share/slim_split_ros/config', glob('config/*')),
    ('share/slim_split_ros/launch', glob('launch/*.launch.py')),
])
