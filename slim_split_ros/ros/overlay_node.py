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
from slim_split_ros.ros.process.worker import Mailbox, Worker
from slim_split_ros.ros.settings.overlay_parameters import OverlaySettings
from slim_split_ros.ros.settings.parameters import LiveParameters
from slim_split_ros.ros.topics.messages import decode_compressed, make_image, to_ns, view_raw
from slim_split_ros.ros.topics.qos import NEWEST, RELIABLE, SENSOR_DATA, overridable

_WARNING_PERIOD_S = 5.0
_MOST_NAMES = 10_000
# Older answers are of another clock.
_LONGEST_WAY_NS = 10 * 10**9


class Overlay(Node):
    """
    Keep the newest images, and publish each with its detections once both have come.

    Drawing has a thread of its own: images that wait for it would be lost from a topic's queue
    before their detections come, and a slow machine would draw none at all.
    """

    def __init__(self) -> None:
        super().__init__('overlay')
        settings = LiveParameters(self, OverlaySettings).current
        self._most = settings.images
        self._images: OrderedDict[int, Image | CompressedImage] = OrderedDict()
        # By stamp, as the images: detections that overtook theirs.
        self._early: OrderedDict[int, Detection2DArray] = OrderedDict()
        self._newest_ns: int | None = None  # stamp of the image that came last
        self._drawn_ns = 0  # of what was drawn last; nothing older is
        # In the order in which they first came: a class keeps its colour.
        self._names: dict[str, int] = {}
        self._listeners = 0
        self._pairs: Mailbox[tuple[Image | CompressedImage, Detection2DArray]] = Mailbox()
        self._worker = Worker(self._pairs, lambda pair: self._publish(*pair), self._on_failure)
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
        self._worker.start()

    def stop(self) -> None:
        """End the thread that draws."""
        self._worker.stop()

    def _on_matched(self, event: object) -> None:
        self._listeners = event.current_count
        if not self._listeners:
            self._images.clear()
            self._early.clear()
            self._newest_ns, self._drawn_ns = None, 0

    def _on_image(self, message: Image | CompressedImage) -> None:
        if not self._listeners:
            return
        stamp_ns = to_ns(message.header.stamp)
        if self._newest_ns is None:
            self._drawn_ns = stamp_ns  # answers to what came before anybody listened are under way
        self._newest_ns = stamp_ns
        self._images[stamp_ns] = message
        if len(self._images) > self._most:
            self._images.popitem(last=False)
        if found := self._early.pop(stamp_ns, None):
            self._hand_over(stamp_ns, found)
        # Images come in the order of their stamps: what these wait for will not come.
        if given_up := [key for key in self._early if key < stamp_ns]:
            self._explain_missing()
        for key in given_up:
            del self._early[key]

    def _on_detections(self, message: Detection2DArray) -> None:
        if not self._listeners or self._newest_ns is None:
            return
        stamp_ns = to_ns(message.header.stamp)
        if stamp_ns in self._images:
            self._hand_over(stamp_ns, message)
        elif stamp_ns > self._newest_ns:
            self._early[stamp_ns] = message
            if len(self._early) > self._most:
                self._early.popitem(last=False)
                self._explain_missing()
        elif not 0 <= self._drawn_ns - stamp_ns < _LONGEST_WAY_NS:  # else a later one overtook it
            self._explain_missing()

    def _hand_over(self, stamp_ns: int, found: Detection2DArray) -> None:
        self._pairs.put((self._images[stamp_ns], found))
        self._drawn_ns = stamp_ns
        for older in [key for key in self._images if key <= stamp_ns]:
            del self._images[older]

    def _publish(self, image: Image | CompressedImage, found: Detection2DArray) -> None:
        """Draw and publish; in the thread of the worker."""
        try:
            pixels = _pixels(image)
        except ImageError as error:
            self._warn(f'image not drawn: {error}')
            return
        self._drawn.publish(make_image(self._draw(pixels, found), image.header))

    def _draw(self, pixels: np.ndarray, message: Detection2DArray) -> np.ndarray:
        # A name after the other until memory is full is no detector.
        if len(self._names) >= _MOST_NAMES:
            self._names.clear()
        found = [item for item in message.detections if item.results]
        best = [max((result.hypothesis for result in item.results), key=lambda one: one.score)
                for item in found]
        boxes = [(box.center.position.x - box.size_x / 2, box.center.position.y - box.size_y / 2,
                  box.size_x, box.size_y) for box in (item.bbox for item in found)]
        labels = [self._names.setdefault(item.class_id, len(self._names)) for item in best]
        return draw_detections(pixels, Detections(
            np.reshape(boxes, (-1, 4)),
            np.array([item.score for item in best]),
            np.array(labels, np.int64)), list(self._names))

    def _on_failure(self, error: Exception) -> None:
        # While shutting down the publisher fails under the last image: no news.
        if self.context.ok():
            self._warn(f'image not drawn: {error!r}')

    def _explain_missing(self) -> None:
        self._warn(f'detections came whose image is not among the newest {self._most}: '
                   'raise `images`, and remap `image` and `detections` to those of one camera')

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
