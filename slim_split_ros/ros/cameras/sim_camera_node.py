"""
The simulated hall as a camera on ROS topics, with the truth beside it.

    python -m slim_split_ros.ros.cameras.sim_camera_node --ros-args -p seed:=7 -p fps:=10.0
"""

if __name__ == '__main__':  # a signal, or a package missing, during the imports below
    from slim_split_ros.ros.process.ending import end_quietly
    end_quietly()

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
import sys

import numpy as np
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

from slim_split_ros.ros.cameras.camera_parameters import SimCameraSettings
from slim_split_ros.ros.cameras.frame_pump import FramePump, TimedFrame
from slim_split_ros.ros.cameras.source_end import SourceEnd
from slim_split_ros.ros.process.spin import run_node
from slim_split_ros.ros.settings.parameters import LiveParameters
from slim_split_ros.ros.topics.messages import DetectionWriter, make_image
from slim_split_ros.ros.topics.qos import RELIABLE, SENSOR_DATA, overridable
from slim_split_ros.ros.topics.shared_memory import LargeImages
from slim_split_ros.simulation import CLASSES, Hall


@dataclass(frozen=True, slots=True)
class Shot:
    """Hold the messages of one frame; they share the header, stamped when they are published."""

    header: Header
    image: Image
    camera_info: CameraInfo
    truth: Detection2DArray


class SimCamera(Node):
    """Drive through a simulated hall and publish what the camera sees."""

    def __init__(self) -> None:
        super().__init__('sim_camera')
        settings = LiveParameters(self, SimCameraSettings).current
        self._images = self._topic(Image, 'image', SENSOR_DATA)
        self._camera_infos = self._topic(CameraInfo, 'camera_info', SENSOR_DATA)
        self._truths = self._topic(Detection2DArray, 'ground_truth', RELIABLE)
        self._large_images = LargeImages(self)
        self._pump = FramePump(take_shots(settings), self._publish, SourceEnd(self).reach)
        self._pump.start()

    def stop(self) -> None:
        """Wait for the frame in hand, for a limited time."""
        self._pump.stop()

    def _topic(self, kind: type, name: str, qos: QoSProfile) -> Publisher:
        return self.create_publisher(kind, name, **overridable(qos))

    def _publish(self, shot: Shot) -> None:
        shot.header.stamp = self.get_clock().now().to_msg()
        self._large_images.check(len(shot.image.data))
        self._images.publish(shot.image)
        self._camera_infos.publish(shot.camera_info)
        self._truths.publish(shot.truth)


def take_shots(settings: SimCameraSettings) -> Iterator[TimedFrame[Shot]]:
    """Yield frames for ever; use each before the next, which writes over its truth."""
    hall = Hall(settings.seed, settings.width, settings.height)
    header = Header(frame_id=settings.frame_id)
    camera_info = _camera_info(hall, settings)
    camera_info.header = header
    writer = DetectionWriter(CLASSES)
    period_s = 1.0 / settings.fps
    for number in count():
        hall.step(period_s)
        frame = hall.render()
        # The score of a true box is the share of the object that nothing covers.
        truth = writer.write(frame.boxes, frame.visibility, frame.labels, header)
        yield TimedFrame(
            number * period_s, Shot(header, make_image(frame.image, header), camera_info, truth))


def _camera_info(hall: Hall, settings: SimCameraSettings) -> CameraInfo:
    intrinsics = hall.camera_matrix
    rectified = np.column_stack([intrinsics, np.zeros(3)])
    return CameraInfo(
        width=settings.width, height=settings.height, distortion_model='equidistant',
        d=hall.distortion.tolist(), k=intrinsics.ravel(), r=np.eye(3).ravel(),
        p=rectified.ravel())


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(SimCamera, args)


if __name__ == '__main__':
    sys.exit(main())
