"""
Images and the shared memory that Fast DDS carries them through: what does not fit, and why.

Over best effort an image larger than the sender's segment is lost now and then, or always, and
no error says so.
"""

from collections.abc import Mapping
import os
from xml.etree import ElementTree

from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.utilities import get_rmw_implementation_identifier
from sensor_msgs.msg import CameraInfo

# Of the file that config/fastdds_large_images.xml is: Jazzy reads the second, later distributions
# the first.
PROFILE_VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
# What SharedMemTransportDescriptor has without a profile.
_DEFAULT_SEGMENT_BYTES = 512 * 1024
_COLOUR_BYTES = 3


class LargeImages:
    """
    Warn of images that do not fit into this process's segment, and again of twice as large ones.

    The other end is taken to have the same profile. Other middleware is left alone.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        is_fast_dds = get_rmw_implementation_identifier().startswith('rmw_fastrtps')
        self._segment_bytes = segment_bytes(os.environ) if is_fast_dds else 0
        self._image_bytes = self._said_bytes = 0
        self._is_asking = False

    def check(self, image_bytes: int) -> None:
        """Look at the size of an image that came, or is published."""
        self._image_bytes = image_bytes
        # Compressed ones have each another size.
        if 0 < self._segment_bytes < image_bytes and image_bytes >= 2 * self._said_bytes:
            self._said_bytes = image_bytes
            self._node.get_logger().warning(explain_size(image_bytes, self._segment_bytes))

    def explain_loss(self, image_topic: str) -> str:
        """Say what images were lost for, and find out their size from the camera's info."""
        if not self._segment_bytes:
            return 'images were lost before they reached this node: see what the middleware needs'
        if self._said_bytes:
            return explain_size(self._said_bytes, self._segment_bytes)
        if self._image_bytes:
            return explain_loss_of_what_fits(self._image_bytes)
        if not self._is_asking:
            self._is_asking = True
            self._ask(f'{image_topic.rpartition("/")[0]}/camera_info')
        return (
            'images were lost before they reached this node: over best effort they need more '
            f'shared memory than {self._segment_bytes} bytes, or a quicker machine; load '
            'config/fastdds_large_images.xml at both ends (README, "No images arrive")')

    def _ask(self, topic: str) -> None:
        def read(info: CameraInfo) -> None:
            self._node.destroy_subscription(subscription)
            self.check(_COLOUR_BYTES * info.width * info.height)

        subscription = self._node.create_subscription(
            CameraInfo, topic, read, qos_profile_sensor_data)


def segment_bytes(environment: Mapping[str, str]) -> int:
    """Return the size of the segment that a process with these variables makes."""
    for variable in PROFILE_VARIABLES:
        try:
            root = ElementTree.parse(environment.get(variable, '')).getroot()
            return next(
                int(item.text) for item in root.iter() if item.tag.endswith('segment_size'))
        except (OSError, ElementTree.ParseError, StopIteration, ValueError, TypeError):
            continue
    return _DEFAULT_SEGMENT_BYTES


def explain_loss_of_what_fits(image_bytes: int) -> str:
    """Say why images may be lost that this process's segment has room for."""
    lost = f'images of {image_bytes} bytes were lost before they reached this node'
    if image_bytes <= _DEFAULT_SEGMENT_BYTES:
        return f'{lost}: this machine is too slow for as many; let the camera send fewer'
    return (
        f'{lost}, which has room for them: the process of the camera has none unless it loads '
        'config/fastdds_large_images.xml too (README, "No images arrive"); if it does, this '
        'machine is too slow for as many')


def explain_size(image_bytes: int, segment_bytes: int) -> str:
    """Say that an image is larger than the segment, and what to do."""
    return (
        f'images of {image_bytes} bytes are larger than the shared-memory segment of '
        f'{segment_bytes} bytes of this process; where the camera has no larger one, most of '
        'them are lost over best effort: load config/fastdds_large_images.xml at both ends, '
        f'with a segment_size above {image_bytes}, or take compressed ones')
