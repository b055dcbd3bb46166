"""Which nodes do the tests of ros/ run? The robot's and the server's, as separate processes."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
import time
from typing import Any

import numpy as np
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

from slim_split_ros.msg import EncodedFrame, EncoderStatus
from slim_split_ros.ros.topics.messages import to_ns, to_stamp
from support.processes import Process
from support.ros_peer import DiscoveryTimeoutError, Peer

CHECKOUT = Path(__file__).resolve().parents[2]
SENSOR_DATA = qos_profile_sensor_data
RELIABLE = QoSProfile(depth=200)
WIDTH, HEIGHT = 640, 480
FRAME_ID = 'camera_optical'
# Seconds; far more than a served frame takes, so that a second image is published only if need be.
SETTLE_PERIOD_S = 2.0
CAMERA_PERIOD_S = 0.02
# The tiny model boxes the brightest cells; this patch is where they are.
PATCH = (slice(96, 192), slice(192, 288))
# A node as its users start it, in an installation whose model of a codec lies elsewhere.
START_WITH_SHIPPED = """
from pathlib import Path
import sys
from slim_split_ros.ros.{name}_node import main
from slim_split_ros.weights import DEFAULT_MODELS, SHIPPED_MODELS
SHIPPED_MODELS[DEFAULT_MODELS['{codec}']] = Path('{folder}')
sys.exit(main())
"""
# As long as detecting takes on the processor of a small server, or a shared one.
SLOW_OFFBOARD = """
import sys
import time
from slim_split_ros.offboard import Server
from slim_split_ros.ros.offboard_node import main

serve = Server.serve

def serve_slowly(*arguments, **options):
    time.sleep({server_s})
    return serve(*arguments, **options)

Server.serve = serve_slowly
sys.exit(main())
"""


def start_node(
    name: str, log: Path, parameters: Mapping[str, Any], remappings: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start a node of the package as its users do."""
    room = 'ros.cameras' if name.endswith('_camera') else 'ros'
    arguments = ['-m', f'slim_split_ros.{room}.{name}_node',
                 *ros_arguments(parameters, remappings)]
    return Process.start(arguments, log, CHECKOUT, environment or {})


def start_node_with_shipped(
    name: str, log: Path, codec: str, folder: Path, parameters: Mapping[str, Any]
) -> Process:
    """Start a node by its codec, as if `folder` were the model that is shipped for it."""
    program = START_WITH_SHIPPED.format(name=name, codec=codec, folder=folder)
    arguments = ['-c', program, *ros_arguments({'codec': codec, **parameters})]
    return Process.start(arguments, log, CHECKOUT, {})


def start_slow_offboard(log: Path, parameters: Mapping[str, Any], server_s: float) -> Process:
    """Start the server's node so that it takes so much longer for each frame."""
    arguments = ros_arguments({'device': 'cpu', **parameters})
    return Process.start(
        ['-c', SLOW_OFFBOARD.format(server_s=server_s), *arguments], log, CHECKOUT, {})


def ros_arguments(parameters: Mapping[str, Any], remappings: Iterable[str] = ()) -> list[str]:
    """Return what follows a node's name on a command line."""
    arguments = ['--ros-args']
    for parameter, value in parameters.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        arguments += ['-p', f'{parameter}:={text}']
    for remapping in remappings:
        arguments += ['-r', remapping]
    return arguments


def patch_pixels() -> np.ndarray:
    """Return uint8 (H, W, 3), black with a white patch."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[PATCH] = 255
    return pixels


def image_message(
    pixels: np.ndarray, stamp_ns: int, encoding: str = 'bgr8', step: int = 0, height: int = 0
) -> Image:
    """Make a message of pixels as they lie in memory, (rows, columns, ...)."""
    data = array('B')
    data.frombytes(np.ascontiguousarray(pixels).tobytes())
    header = Header(stamp=to_stamp(stamp_ns), frame_id=FRAME_ID)
    return Image(
        header=header, encoding=encoding, height=height or pixels.shape[0],
        width=pixels.shape[1], step=step or pixels[0].nbytes, data=data)


@dataclass
class SplitSystem:
    """Hold both nodes, and a peer that is camera, listener and operator."""

    peer: Peer
    onboard: Process
    offboard: Process
    image_qos: QoSProfile = field(default_factory=lambda: SENSOR_DATA)
    features: list[EncodedFrame] = field(init=False)
    detections: list[Detection2DArray] = field(init=False)
    statuses: list[EncoderStatus] = field(init=False)

    def __post_init__(self) -> None:
        """Listen to everything."""
        self.features = self.peer.listen(EncodedFrame, 'features', SENSOR_DATA)
        self.detections = self.peer.listen(Detection2DArray, 'detections', RELIABLE)
        self.statuses = self.peer.listen(EncoderStatus, 'onboard/status', RELIABLE)
        self.images = self.peer.publisher(Image, 'image', self.image_qos)
        self._stamp_ns = 1_000_000_000_000
        self._next_s = 0.0

    def next_stamp_ns(self) -> int:
        """Return a stamp that no frame had before."""
        self._stamp_ns += 1_000_000_001
        return self._stamp_ns

    def warm_up(self) -> None:
        """Publish images until a detection comes: then everybody has found everybody."""
        before = len(self.detections)
        self.peer.repeat(
            self.show_patch, lambda: len(self.detections) > before, 'a detection',
            error=DiscoveryTimeoutError)
        self.settle()

    def settle(self) -> None:
        """Wait until what is under way has arrived; a policy may skip an image now and then."""
        stamps_ns: list[int] = []
        self.peer.repeat(
            lambda: stamps_ns.append(self.show_patch()),
            lambda: stamps_ns and self.detections_of(stamps_ns[-1]),
            'detections of the newest image', SETTLE_PERIOD_S)

    def show_patch(self) -> int:
        """Publish an image of the patch and return its stamp."""
        stamp_ns = self.next_stamp_ns()
        self.publish(image_message(patch_pixels(), stamp_ns))
        return stamp_ns

    def publish(self, image: Image) -> None:
        """Publish an image when a camera would."""
        self.keep_pace()
        self.images.publish(image)

    def keep_pace(self) -> None:
        """Wait as long as a camera would: detections come sooner than `target_fps` allows."""
        time.sleep(max(0.0, self._next_s - time.monotonic()))
        self._next_s = time.monotonic() + CAMERA_PERIOD_S

    def serve(self, image: Image) -> Detection2DArray:
        """Publish an image and return its detections."""
        self.publish(image)
        stamp_ns = to_ns(image.header.stamp)
        self.peer.wait(lambda: self.detections_of(stamp_ns), f'detections of {image.encoding}')
        return self.detections_of(stamp_ns)[0]

    def detections_of(self, stamp_ns: int) -> list[Detection2DArray]:
        """Return what was detected in the image of a stamp."""
        return [
            message for message in self.detections if to_ns(message.header.stamp) == stamp_ns]

    def feature_of(self, stamp_ns: int) -> EncodedFrame:
        """Return the features of the image of a stamp."""
        def found() -> list[EncodedFrame]:
            return [
                message for message in self.features if to_ns(message.header.stamp) == stamp_ns]

        self.peer.wait(found, 'features of the image')
        return found()[0]

    def dropped(self) -> dict[str, int]:
        """Return the onboard node's drops by reason, from its newest status."""
        self.peer.wait(lambda: self.statuses, 'a status of the onboard node')
        status = self.statuses[-1]
        return dict(zip(status.drop_reasons, status.drop_counts, strict=True))

    def close(self) -> None:
        """End the nodes."""
        self.onboard.end()
        self.offboard.end()
        self.peer.close()


def box_rows(message: Detection2DArray) -> list[tuple[str, float, float, float, float, float]]:
    """Return class, score, and x, y, w, h of each detection."""
    rows = []
    for detection in message.detections:
        center, hypothesis = detection.bbox.center.position, detection.results[0].hypothesis
        width, height = detection.bbox.size_x, detection.bbox.size_y
        rows.append((hypothesis.class_id, hypothesis.score,
                     center.x - width / 2, center.y - height / 2, width, height))
    return rows
