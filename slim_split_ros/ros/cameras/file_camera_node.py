"""
A folder of images, a video file or a video device as a camera on ROS topics.

    python -m slim_split_ros.ros.cameras.file_camera_node --ros-args -p source:=FOLDER -p fps:=10.0
"""

if __name__ == '__main__':  # a signal, or a package missing, during the imports below
    from slim_split_ros.ros.process.ending import end_quietly
    end_quietly()

from collections.abc import Iterator, Sequence
import sys

from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from slim_split_ros.ros.cameras.camera_parameters import FileCameraSettings
from slim_split_ros.ros.cameras.frame_pump import FramePump, TimedFrame
from slim_split_ros.ros.cameras.omissions import Omissions
from slim_split_ros.ros.cameras.picture_source import open_source, timed_pictures
from slim_split_ros.ros.cameras.source_end import SourceEnd
from slim_split_ros.ros.process.spin import run_node
from slim_split_ros.ros.settings.parameters import LiveParameters
from slim_split_ros.ros.topics.messages import make_image
from slim_split_ros.ros.topics.qos import SENSOR_DATA, overridable
from slim_split_ros.ros.topics.shared_memory import LargeImages


class FileCamera(Node):
    """Publish pictures as a camera would."""

    def __init__(self) -> None:
        super().__init__('file_camera')
        settings = LiveParameters(self, FileCameraSettings).current
        self._images = self.create_publisher(Image, 'image', **overridable(SENSOR_DATA))
        self._large_images = LargeImages(self)
        omissions = Omissions(self.get_logger().warning)
        self._pump = FramePump(
            timed_images(settings, omissions), self._publish, SourceEnd(self).reach)
        self._pump.start()

    def stop(self) -> None:
        """Wait for the picture in hand, for a limited time."""
        self._pump.stop()

    def _publish(self, image: Image) -> None:
        image.header.stamp = self.get_clock().now().to_msg()
        self._large_images.check(len(image.data))
        self._images.publish(image)


def timed_images(
    settings: FileCameraSettings, omissions: Omissions
) -> Iterator[TimedFrame[Image]]:
    """Return messages ready to be stamped and published; StartError if the source is none."""
    source = open_source(settings.source)
    return (
        TimedFrame(timed.due_s, make_image(timed.frame, Header(frame_id=settings.frame_id)))
        for timed in timed_pictures(source, settings.fps, settings.loop, omissions))


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until its source ends or it is told to stop; return the exit status."""
    return run_node(FileCamera, args, start_errors=(OSError,))


if __name__ == '__main__':
    sys.exit(main())
