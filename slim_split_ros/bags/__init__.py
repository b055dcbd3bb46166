"""Reading and writing rosbag2 files without ROS: `read.py`, `write.py`."""

from slim_split_ros.bags.errors import BagError
from slim_split_ros.bags.images import BagImage, CompressedBagImage
from slim_split_ros.bags.read import find_image_topic, read_images
from slim_split_ros.bags.write import BagImageWriter

__all__ = [
    'BagError',
    'BagImage',
    'BagImageWriter',
    'CompressedBagImage',
    'find_image_topic',
    'read_images',
]
