"""
The robot's own camera image with the detections that came back for it, drawn while one looks.

    ros2 run slim_split_ros overlay --ros-args -r detections:=onboard/detections

Nothing is kept or drawn while nobody listens. `~/annotated` of the offboard node draws on what
the server rebuilt instead.
"""

if __name__ == '__main__':  # a signal, or a package missing, during the imports below
    from slim_split_ros.ros.process.ending import end_quietly
    end_quietly()

from collections import OrderedDict
from collections.abc import Sequence
import sys

import numpy as np
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Detection2DArray

from slim_split_ros.offboard import Detections, draw_detections
from slim_split_ros.onboard import ImageError
from slim_split_ros.ros.errors import StartError
from slim_split_ros.ros.process.spin import run_node
from slim_split_ros.ros.settings.overlay_parameters import OverlaySettings
from slim_split_ros.ros.settings.parameters import LiveParameters
from slim_split_ros.ros.topics.messages import decode_compressed, make_image, to_ns, view_raw
from slim_split_ros.ros.topics.qos import NEWEST, RELIABLE, SENSOR_DATA, overridable

_WARNING_PERIOD_S = 5.0
_MOST_NAMES = 10_000


class Overlay(Node):
    """Keep the newest images, and publish each with its detections once these have come."""

    def __init__(self) -> None:
        super().__init__('overlay')
        settings = LiveParameters(self, OverlaySettings).current
        self._most = settings.images
        self._images: OrderedDict[int, Image | CompressedImage] = OrderedDict()
        self._newest_ns = 0  # stamp of what was drawn last
        # In the order in which they first came: a class keeps its colour.
        self._names: list[str] = []
        self._listeners = 0
        self._drawn = self.create_publisher(
            Image, '~/image', **overridable(NEWEST),
            event_callbacks=PublisherEventCallbacks(matched=self._on_matched))
        kind, topic = Image, 'image'
        if settings.image_transport == 'compressed':
            # As image_transport names it: what `image` is remapped to, and then the transport.
            kind, topic = CompressedImage, f'{self.resolve_topic_name("image")}/compressed'
        self.create_subscription(kind, topic, self._on_image, **overridable(SENSOR_DATA))
        self.create_subscription(
            Detection2DArray, 'detections', self._on_detections, **overridable(RELIABLE))

    def stop(self) -> None:
        """End at once: nothing is under way."""

    def _on_matched(self, event: object) -> None:
        self._listeners = event.current_count
        if not self._listeners:
            self._images.clear()

    def _on_image(self, message: Image | CompressedImage) -> None:
        if not self._listeners:
            return
        self._images[to_ns(message.header.stamp)] = message
        if len(self._images) > self._most:
            self._images.popitem(last=False)

    def _on_detections(self, message: Detection2DArray) -> None:
        if not self._listeners or not self._images:
            return
        stamp_ns = to_ns(message.header.stamp)
        image = self._images.get(stamp_ns)
        if image is None:
            if stamp_ns < self._newest_ns:
                return  # an answer that a later one overtook
            self._warn('detections came whose image is not among the newest '
                       f'{len(self._images)}: raise `images`, and remap `image` and '
                       '`detections` to those of one camera')
            return
        try:
            pixels = _pixels(image)
        except ImageError as error:
            self._warn(f'image not drawn: {error}')
            return
        self._drawn.publish(make_image(self._draw(pixels, message), image.header))
        self._newest_ns = stamp_ns
        for older in [key for key in self._images if key <= stamp_ns]:
            del self._images[older]

    def _draw(self, pixels: np.ndarray, message: Detection2DArray) -> np.ndarray:
        # A name after the other until memory is full is no detector.
        if len(self._names) >= _MOST_NAMES:
            self._names.clear()
        found = [item for item in message.detections if item.results]
        best = [max((result.hypothesis for result in item.results), key=lambda one: one.score)
                for item in found]
        boxes = [(box.center.position.x - box.size_x / 2, box.center.position.y - box.size_y / 2,
                  box.size_x, box.size_y) for box in (item.bbox for item in found)]
        return draw_detections(pixels, Detections(
            np.reshape(boxes, (-1, 4)),
            np.array([item.score for item in best]),
            np.array([self._number(item.class_id) for item in best], np.int64)), self._names)

    def _number(self, name: str) -> int:
        if name not in self._names:
            self._names.append(name)
        return self._names.index(name)

    def _warn(self, sentence: str) -> None:
        self.get_logger().warning(sentence, throttle_duration_sec=_WARNING_PERIOD_S)


def _pixels(message: Image | CompressedImage) -> np.ndarray:
    """Copy the pixels of an image, uint8 (H, W, 3), BGR."""
    view = (decode_compressed if isinstance(message, CompressedImage) else view_raw)(message)
    pixels = view.array if view.channel_order == 'bgr' else view.array[..., ::-1]
    return np.array(pixels, order='C')


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(Overlay, args, start_errors=(StartError,))


if __name__ == '__main__':
    sys.exit(main())
