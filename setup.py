"""Install the Python part with pip; messages and ROS packaging are CMakeLists.txt's."""

from glob import glob

from setuptools import find_packages, setup

setup(
    name='slim_split_ros',
    version='0.1.0',
    description='Object detection split between a robot and a server over ROS 2',
    license='Apache-2.0',
    python_requires='>=3.10,<3.14',
    packages=find_packages(include=['slim_split_ros', 'slim_split_ros.*']),
    package_data={'slim_split_ros': ['weights/**/*', 'reports/**/*.html', 'reports/**/*.css']},
    data_files=[
        ('share/slim_split_ros', ['package.xml']),
        ('share/slim_split_ros/config', glob('config/*')),
        ('share/slim_split_ros/launch', glob('launch/*.launch.py')),
    ],
    zip_safe=False,
)
