"""
The rebuilt picture as topics of the offboard node, made only while somebody listens.

Any node that takes an image works behind this one; `camera_info` is that of the picture. The
camera's own, some 400 bytes with every image, crosses the link only while that has a listener.
"""

from collections import OrderedDict
from collections.abc import Sequence
import copy

import cv2
import numpy as np
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header

from slim_split_ros.offboard import Served, draw_detections, new_canvas
from slim_split_ros.ros.topics.messages import make_image
from slim_split_ros.ros.topics.namespaces import topic_of
from slim_split_ros.ros.topics.qos import NEWEST, SENSOR_DATA, TopicOptions, overridable
from slim_split_ros.wire import FrameGeometry

_JPEG_QUALITY = 90
# As many cameras as a server may plausibly serve; the one silent for longest goes first.
_CAMERAS = 64
_WARNING_PERIOD_S = 30.0


class PictureTopics:
    """Publish a robot's `~/picture`, `~/picture/compressed`, `~/camera_info`, `~/annotated`."""

    def __init__(
        self, node: Node, robot: str = '', options: TopicOptions = overridable
    ) -> None:
        self._node, self._robot, self._options = node, robot, options
        self._infos: OrderedDict[str, CameraInfo] = OrderedDict()
        self._cameras: Subscription | None = None
        self._is_active = False
        self._listeners: dict[str, int] = {}
        self._picture = self._topic(Image, '~/picture')
        self._compressed = self._topic(CompressedImage, '~/picture/compressed')
        self._camera_info = self._topic(CameraInfo, '~/camera_info')
        self._annotated = self._topic(Image, '~/annotated')

    def listen(self) -> None:
        """Hear of the cameras from now on, while somebody wants to know of them."""
        self._is_active = True
        self._follow_listeners()

    def rest(self) -> None:
        """Hear of nothing."""
        self._is_active = False
        self._follow_listeners()

    @property
    def are_wanted(self) -> bool:
        """Whether somebody listens to anything that is made of the picture."""
        return any(self._listeners.values())

    def publish(
        self, served: Served, header: Header, geometry: FrameGeometry, classes: Sequence[str]
    ) -> None:
        """Publish what somebody listens to; a model without pictures has `~/annotated` alone."""
        if served.picture is not None:
            if self._listeners['~/picture']:
                self._picture.publish(make_image(served.picture, header))
            if self._listeners['~/picture/compressed']:
                self._compressed.publish(_compress(served.picture, header))
            info = self._infos.get(header.frame_id)
            if self._listeners['~/camera_info'] and info is not None:
                height, width = served.picture.shape[:2]
                self._camera_info.publish(
                    scale_camera_info(info, width, height, geometry, header))
            elif self._listeners['~/camera_info'] and self._infos:
                self._node.get_logger().warning(
                    f'no camera_info of frame {header.frame_id!r} came, of {[*self._infos]} did: '
                    'let the camera give both the same frame_id',
                    throttle_duration_sec=_WARNING_PERIOD_S)
        if self._listeners['~/annotated']:
            canvas = draw_detections(
                new_canvas(geometry, served.picture), served.detections, classes)
            self._annotated.publish(make_image(canvas, header))

    def _topic(self, kind: type, name: str) -> Publisher:
        self._listeners[name] = 0

        def count(event: object) -> None:
            self._listeners[name] = event.current_count
            self._follow_listeners()

        return self._node.create_publisher(
            kind, topic_of(self._robot, name, self._node.get_name()), **self._options(NEWEST),
            event_callbacks=PublisherEventCallbacks(matched=count))

    def _follow_listeners(self) -> None:
        is_wanted = self._is_active and self._listeners.get('~/camera_info', 0) > 0
        if is_wanted and self._cameras is None:
            self._cameras = self._node.create_subscription(
                CameraInfo, topic_of(self._robot, 'camera_info', self._node.get_name()),
                self._on_camera_info, **self._options(SENSOR_DATA))
        elif not is_wanted and self._cameras is not None:
            self._node.destroy_subscription(self._cameras)
            self._cameras = None
            self._infos.clear()  # whoever comes next is told of the cameras as they are then

    def _on_camera_info(self, message: CameraInfo) -> None:
        self._infos[message.header.frame_id] = message
        self._infos.move_to_end(message.header.frame_id)
        if len(self._infos) > _CAMERAS:
            self._infos.popitem(last=False)


def scale_camera_info(
    info: CameraInfo, width: int, height: int, geometry: FrameGeometry, header: Header
) -> CameraInfo:
    """
    Return the intrinsics of the same view in a picture of width x height.

    They are of the sensor's pixels, of which the image may be a window, binned; the result is of
    the picture's. Where they name no size they are of the image that the robot encoded, as
    `geometry` has it. Source: sensor_msgs/CameraInfo.
    """
    scaled = copy.deepcopy(info)
    scaled.header, scaled.width, scaled.height = header, width, height
    scaled.roi, scaled.binning_x, scaled.binning_y = RegionOfInterest(), 0, 0
    window = info.roi
    scale_x = width / (window.width or info.width
                       or geometry.image_width * max(1, info.binning_x))
    scale_y = height / (window.height or info.height
                        or geometry.image_height * max(1, info.binning_y))
    from_sensor = np.array([[scale_x, 0.0, -scale_x * window.x_offset],
                            [0.0, scale_y, -scale_y * window.y_offset], [0.0, 0.0, 1.0]])
    with np.errstate(all='ignore'):  # of numbers that are no camera's
        scaled.k = (from_sensor @ np.reshape(info.k, (3, 3))).ravel().tolist()
        scaled.p = (from_sensor @ np.reshape(info.p, (3, 4))).ravel().tolist()
    return scaled


def _compress(picture: np.ndarray, header: Header) -> CompressedImage:
    _, data = cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return CompressedImage(header=header, format='bgr8; jpeg compressed bgr8', data=data.tobytes())
