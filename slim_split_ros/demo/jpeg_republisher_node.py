"""
The least that a robot's node for pictures does: `image` to JPEG, measured beside our own.

`image_transport republish` does the same in C++; this one is Python, as the onboard node is.
"""

from collections.abc import Sequence
import sys

import cv2
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from slim_split_ros.ros.process.spin import run_node
from slim_split_ros.ros.topics.messages import view_raw
from slim_split_ros.ros.topics.qos import SENSOR_DATA

_QUALITY = 80


class JpegRepublisher(Node):
    """Publish each image as JPEG, nothing else."""

    def __init__(self) -> None:
        super().__init__('jpeg_republisher')
        cv2.setNumThreads(1)
        self._publisher = self.create_publisher(CompressedImage, 'image/compressed', SENSOR_DATA)
        self.create_subscription(Image, 'image', self._on_image, SENSOR_DATA)

    def stop(self) -> None:
        """End at once: nothing is under way."""

    def _on_image(self, message: Image) -> None:
        _, data = cv2.imencode(
            '.jpg', view_raw(message).array, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        self._publisher.publish(CompressedImage(
            header=message.header, format='bgr8; jpeg compressed bgr8', data=data.tobytes()))


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(JpegRepublisher, args)


if __name__ == '__main__':
    sys.exit(main())
