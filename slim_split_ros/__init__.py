"""Split object detection between a robot and a server over ROS 2."""

from pkgutil import extend_path

# The package spans this folder and the generated messages, which the build installs elsewhere.
__path__ = extend_path(__path__, __name__)
