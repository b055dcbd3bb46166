"""Split object detection between a robot and a server over ROS 2."""

import os
from pkgutil import extend_path

# OpenCV compares them with a picture's header before it takes memory, whatever the format, and
# reads them when it is loaded. The same as `wire.geometry.MAX_IMAGE_SIDE`.
for _side in ('WIDTH', 'HEIGHT'):
    os.environ.setdefault(f'OPENCV_IO_MAX_IMAGE_{_side}', '8192')

# The package spans this folder and the generated messages, which the build installs elsewhere.
__path__ = extend_path(__path__, __name__)
