"""Install what pyproject.toml cannot name: files that ROS finds in `share`, the compiled coder."""

from glob import glob

from setuptools import Extension, setup

# No module of Python's but a library that ctypes loads; without a compiler, Python code does it.
entropy = Extension(
    'slim_split_ros.wire._entropy', ['slim_split_ros/wire/entropy.c'],
    extra_compile_args=['-std=c99', '-O3'], optional=True)

setup(ext_modules=[entropy], data_files=[
    ('share/slim_split_ros', ['package.xml']),
    ('share/slim_split_ros/config', glob('config/*')),
    ('share/slim_split_ros/launch', glob('launch/*.launch.py')),
    ('share/slim_split_ros/msg', glob('msg/*.msg')),
])
