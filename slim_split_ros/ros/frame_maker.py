"""Answer how an image message becomes a frame that is ready to send, and how long that took."""

import time

from sensor_msgs.msg import CompressedImage, Image

from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.ros.messages import PixelReader, checked_ns
from slim_split_ros.wire import EncodedPayload, FrameHeader

# The message counts in uint32; at 30 frames a second it wraps after 4 years.
_SEQUENCES = 2**32


class FrameMaker:
    """Number the frames of one run of the onboard node and encode them; for one thread."""

    def __init__(
        self, encoder: FrameEncoder, read_pixels: PixelReader, fingerprint: int,
        sender_start_ns: int,
    ) -> None:
        self._encoder = encoder
        self._read_pixels = read_pixels
        self._fingerprint = fingerprint
        self._sender_start_ns = sender_start_ns
        self._sequence = 0

    @property
    def sender_start_ns(self) -> int:
        """When this run started: its name in link reports."""
        return self._sender_start_ns

    def make(self, message: Image | CompressedImage, width: float, rate: int) -> EncodedPayload:
        """
        Encode an image at a width of the model and a rate, under the next number.

        A refused image raises OnboardError or WireError. Until `advance` the number is free.
        """
        started_s = time.perf_counter()
        view = self._read_pixels(message)
        encoded = self._encoder.encode(view.array, width, rate, view.channel_order)
        header = FrameHeader(
            self._sender_start_ns, self._sequence, encoded.geometry, width, rate,
            self._fingerprint, checked_ns('stamp', message.header.stamp),
            encode_ms=1000.0 * (time.perf_counter() - started_s),
            frame_id=message.header.frame_id)
        return EncodedPayload(header, encoded.payload)

    def advance(self) -> None:
        """Use up the number of the frame that was made last: it is sent."""
        self._sequence = (self._sequence + 1) % _SEQUENCES
