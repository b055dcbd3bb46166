"""
The images of a bag as a camera on ROS topics, where `ros2 bag play` is missing.

    ros2 run slim_split_ros bag_camera --ros-args -p bag:=FOLDER -p speed:=1.0
"""

if __name__ == '__main__':  # a signal, or a package missing, during the imports below
    from slim_split_ros.ros.process.ending import end_quietly
    end_quietly()

from array import array
from collections.abc import Iterator, Sequence
import os
from pathlib import Path
import sys

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from slim_split_ros.bags import (
    BagError,
    BagImage,
    CompressedBagImage,
    find_image_topic,
    read_images,
)
from slim_split_ros.ros.cameras.bag_clock import BagClock
from slim_split_ros.ros.cameras.camera_parameters import BagCameraSettings
from slim_split_ros.ros.cameras.frame_pump import FramePump, TimedFrame
from slim_split_ros.ros.cameras.omissions import Omissions
from slim_split_ros.ros.cameras.source_end import SourceEnd
from slim_split_ros.ros.process.spin import run_node
from slim_split_ros.ros.settings.parameters import LiveParameters
from slim_split_ros.ros.topics.messages import to_stamp
from slim_split_ros.ros.topics.qos import SENSOR_DATA, overridable
from slim_split_ros.ros.topics.shared_memory import LargeImages

AnyBagImage = BagImage | CompressedBagImage

_S_PER_NS = 1e-9
# Between the last image and the first of the next round.
_LOOP_GAP_S = 0.1


class BagCamera(Node):
    """Publish recorded images at the pace of the recording."""

    def __init__(self) -> None:
        super().__init__('bag_camera')
        self._settings = LiveParameters(self, BagCameraSettings).current
        bag = Path(os.path.expanduser(self._settings.bag))
        topic = find_image_topic(bag, self._settings.topic)
        self._bag, self._published = bag, 0
        self.get_logger().info(f'publishing {topic} of {bag}')
        self._raw = self.create_publisher(Image, 'image', **overridable(SENSOR_DATA))
        self._compressed = self.create_publisher(
            CompressedImage, 'image/compressed', **overridable(SENSOR_DATA))
        self._large_images = LargeImages(self)
        settings = self._settings
        self._bag_clock = BagClock(self, settings.speed) if settings.clock else None
        images = timed_images(bag, topic, self._settings.speed, self._settings.loop,
                              Omissions(self.get_logger().warning))
        self._source_end = SourceEnd(self, (BagError,))
        self._pump = FramePump(images, self._publish, self._end, self._is_heard)
        self._pump.start(self._settings.wait_s)

    def stop(self) -> None:
        """Wait for the image in hand, for a limited time."""
        self._pump.stop()

    def _is_heard(self) -> bool:
        return any(
            publisher.get_subscription_count() for publisher in (self._raw, self._compressed))

    def _publish(self, image: AnyBagImage) -> None:
        stamp = to_stamp(image.stamp_ns)
        if self._bag_clock is not None:
            self._bag_clock.set(image.recorded_ns)
        elif self._settings.restamp:
            stamp = self.get_clock().now().to_msg()
        header = Header(stamp=stamp, frame_id=image.frame_id)
        if isinstance(image, CompressedBagImage):
            self._compressed.publish(compressed_message(image, header))
        else:
            self._large_images.check(image.data.nbytes)
            self._raw.publish(raw_message(image, header))
        self._published += 1

    def _end(self, error: Exception | None) -> None:
        if error is None:
            self.get_logger().info(f'{self._bag} has ended: {self._published} images published')
        self._source_end.reach(error)


def timed_images(
    bag: Path, topic: str, speed: float, loops: bool, omissions: Omissions
) -> Iterator[TimedFrame[AnyBagImage]]:
    """Yield images with the times of their recording, made `speed` times faster."""
    round_s = 0.0
    while True:
        first_ns, due_s = None, round_s
        for image in read_images(bag, topic, omissions.add):
            first_ns = image.recorded_ns if first_ns is None else first_ns
            # Files without an index may be out of order: time never goes back.
            due_s = max(due_s, round_s + (image.recorded_ns - first_ns) * _S_PER_NS / speed)
            yield TimedFrame(due_s, image)
        omissions.end_round()
        if not loops:
            return
        round_s = due_s + _LOOP_GAP_S


def raw_message(image: BagImage, header: Header) -> Image:
    """Make the message of a recorded raw image."""
    return Image(
        header=header, encoding=image.encoding, width=image.width, height=image.height,
        step=image.step, is_bigendian=int(image.is_bigendian), data=_bytes(image))


def compressed_message(image: CompressedBagImage, header: Header) -> CompressedImage:
    """Make the message of a recorded compressed image."""
    return CompressedImage(header=header, format=image.format, data=_bytes(image))


def _bytes(image: AnyBagImage) -> array:
    data = array('B')
    data.frombytes(image.data.data)
    return data


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until the bag ends or it is told to stop; return the exit status."""
    return run_node(BagCamera, args, start_errors=(BagError, OSError))


if __name__ == '__main__':
    sys.exit(main())
