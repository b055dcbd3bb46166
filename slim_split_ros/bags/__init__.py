"""Reading, replaying and writing bags without ROS: `read.py`, `replay/`, `write.py`."""

from slim_split_ros.bags.errors import BagError
from slim_split_ros.bags.files import bags_within, find_files, is_bag
from slim_split_ros.bags.images import BagImage, CompressedBagImage
from slim_split_ros.bags.pictures import read_pictures
from slim_split_ros.bags.read import find_image_topic, read_images
from slim_split_ros.bags.write import BagImageWriter

__all__ = [
    'BagError',
    'BagImage',
    'BagImageWriter',
    'CompressedBagImage',
    'bags_within',
    'find_files',
    'find_image_topic',
    'is_bag',
    'read_images',
    'read_pictures',
]
