"""The camera's topic as the onboard node listens to it: raw or compressed, and what keeps it."""

from collections.abc import Callable
from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from slim_split_ros.onboard import PixelView
from slim_split_ros.ros.health.diagnostics import Diagnostics
from slim_split_ros.ros.topics.messages import decode_compressed, view_raw
from slim_split_ros.ros.topics.qos import SENSOR_DATA, overridable
from slim_split_ros.ros.topics.shared_memory import LargeImages
from slim_split_ros.ros.topics.waiting import Waiting

CameraMessage = Image | CompressedImage
_REMEDIES = {
    'raw': {
        Image: 'remap image to it',
        CompressedImage: 'set image_transport to compressed, and remap image to the topic '
                         'without its /compressed'},
    'compressed': {
        CompressedImage: 'remap image to the topic without its /compressed',
        Image: 'set image_transport to raw, and remap image to it'},
}


class CameraTopic:
    """
    Subscribe to `image` or `image/compressed`, and say what is wrong while nothing comes.

    `on_image` gets each message; what the middleware lost is counted in `diagnostics`.
    """

    def __init__(
        self, node: Node, transport: str, on_image: Callable[[CameraMessage], None],
        diagnostics: Diagnostics,
    ) -> None:
        self._on_image = on_image
        self._diagnostics = diagnostics
        kind, topic = Image, 'image'
        self.read: Callable[[Any], PixelView] = view_raw
        if transport == 'compressed':
            # As image_transport names it: what `image` is remapped to, and then the transport.
            topic = f'{node.resolve_topic_name("image")}/compressed'
            kind, self.read = CompressedImage, decode_compressed
        self.subscription: Subscription = node.create_subscription(
            kind, topic, self._take, **overridable(SENSOR_DATA),
            event_callbacks=SubscriptionEventCallbacks(message_lost=self._on_lost))
        self.waiting = Waiting(node, self.subscription, transport, _REMEDIES[transport])
        self._large_images = LargeImages(node)

    def _take(self, message: CameraMessage) -> None:
        self.waiting.heard()
        self._large_images.check(len(message.data))
        self._on_image(message)

    def _on_lost(self, event: Any) -> None:
        self.waiting.heard()  # they come, and what loses them is said instead of their silence
        self._diagnostics.dropped(
            'message_lost', self._large_images.explain_loss(
                self.subscription.topic_name.removesuffix('/compressed')),
            event.total_count_change)
