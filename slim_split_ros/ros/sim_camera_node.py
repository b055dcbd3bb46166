"""
Answer how the simulated hall becomes a camera on ROS topics, with the truth beside it.

    python -m slim_split_ros.ros.sim_camera_node --ros-args -p seed:=7 -p fps:=10.0
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
import sys

import numpy as np
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

from slim_split_ros.ros.camera_parameters import SimCameraSettings
from slim_split_ros.ros.detection_messages import DetectionWriter
from slim_split_ros.ros.frame_pump import FramePump, TimedFrame
from slim_split_ros.ros.image_messages import make_image
from slim_split_ros.ros.parameters import LiveParameters
from slim_split_ros.ros.qos import RELIABLE, SENSOR_DATA, overridable
from slim_split_ros.ros.source_end import SourceEnd
from slim_split_ros.ros.spin import run_node
from slim_split_ros.simulation import CLASSES, Hall, SimFrame


@dataclass(frozen=True, slots=True)
class _Shot:
    frame: SimFrame
    camera_info: CameraInfo


class SimCamera(Node):
    """Drive through a simulated hall and publish what the camera sees."""

    def __init__(self) -> None:
        super().__init__('sim_camera')
        self._settings = LiveParameters(self, SimCameraSettings).current
        self._images = self._sensor_topic(Image, 'image')
        self._camera_infos = self._sensor_topic(CameraInfo, 'camera_info')
        self._truths = self.create_publisher(
            Detection2DArray, 'ground_truth', RELIABLE, qos_overriding_options=overridable())
        self._writer = DetectionWriter(CLASSES)
        self._pump = FramePump(shots(self._settings), self._publish, SourceEnd(self).reach)
        self._pump.start()

    def destroy_node(self) -> None:
        """Let the frame in hand end first: it still uses the publishers."""
        self._pump.stop()
        super().destroy_node()

    def _sensor_topic(self, kind: type, topic: str) -> Publisher:
        return self.create_publisher(
            kind, topic, SENSOR_DATA, qos_overriding_options=overridable())

    def _publish(self, shot: _Shot) -> None:
        frame, camera_info = shot.frame, shot.camera_info
        header = Header(
            stamp=self.get_clock().now().to_msg(), frame_id=self._settings.frame_id)
        camera_info.header = header
        # The truth first: whoever matches detections with it has it when they come.
        self._truths.publish(
            self._writer.write(frame.boxes, frame.visibility, frame.labels, header))
        self._camera_infos.publish(camera_info)
        self._images.publish(make_image(frame.image, header))


def shots(settings: SimCameraSettings) -> Iterator[TimedFrame[_Shot]]:
    """Yield frames for ever, the hall's time advancing by one period each."""
    hall = Hall(settings.seed, settings.width, settings.height)
    camera_info = _camera_info(hall, settings)
    period_s = 1.0 / settings.fps
    for number in count():
        hall.step(period_s)
        yield TimedFrame(number * period_s, _Shot(hall.render(), camera_info))


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
