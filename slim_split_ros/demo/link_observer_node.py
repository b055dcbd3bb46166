"""
Note when detections of each sent frame came back, as a row a frame in a file.

Runs beside the robot on a real link; parameters: `output` (file), `seconds`.
"""

from __future__ import annotations

import json
from pathlib import Path
import time

import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo
from vision_msgs.msg import Detection2DArray

from slim_split_ros.msg import EncodedFrame, EncoderStatus
from slim_split_ros.ros.messages import to_ns
from slim_split_ros.ros.qos import RELIABLE

_BEST_EFFORT = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
_S_PER_NS = 1e-9


class LinkObserver(Node):
    """Match features and detections by the camera's stamp."""

    def __init__(self) -> None:
        super().__init__('link_observer')
        self._rows: dict[int, dict[str, float | None]] = {}
        self._answers: dict[int, int] = {}
        self._drops: dict[str, int] = {}
        self._offered: list[int] = []
        # Small messages with the stamps of the images: the images themselves would cost more
        # processor than the nodes that are measured.
        self.create_subscription(CameraInfo, 'camera_info', self._on_camera, _BEST_EFFORT)
        self.create_subscription(
            EncodedFrame, 'features', self._on_features, _BEST_EFFORT, raw=True)
        self.create_subscription(Detection2DArray, 'detections', self._on_detections, RELIABLE)
        self.create_subscription(EncoderStatus, 'onboard/status', self._on_status, RELIABLE)

    @property
    def answers(self) -> int:
        """Count the frames whose detections came."""
        return len(self._answers)

    def document(self) -> dict:
        """Return the rows as plain data; times are seconds since the epoch."""
        rows = [{**row, 'stamp_s': stamp * _S_PER_NS,
                 'back_s': self._answers[stamp] * _S_PER_NS if stamp in self._answers else None}
                for stamp, row in sorted(self._rows.items())]
        offered = [stamp * _S_PER_NS for stamp in sorted(self._offered)]
        return {'frames': rows, 'offered': offered, 'drops': self._drops}

    def _on_camera(self, message: CameraInfo) -> None:
        self._offered.append(to_ns(message.header.stamp))

    def _on_features(self, serialized: bytes) -> None:
        message = deserialize_message(serialized, EncodedFrame)
        stamp = to_ns(message.header.stamp)
        self._rows[stamp] = {
            'sent_s': time.time(), 'width': round(message.width, 4), 'rate': message.rate,
            'bytes': len(serialized), 'encode_ms': message.encode_ms}

    def _on_detections(self, message: Detection2DArray) -> None:
        self._answers.setdefault(to_ns(message.header.stamp), time.time_ns())

    def _on_status(self, message: EncoderStatus) -> None:
        self._drops = dict(zip(message.drop_reasons, map(int, message.drop_counts), strict=True))


def main() -> None:
    """Observe, say `ready` with the first answer, and write the file when the time is over."""
    rclpy.init()
    node = LinkObserver()
    output = Path(node.declare_parameter('output', 'link.json').value)
    seconds = float(node.declare_parameter('seconds', 30.0).value)
    is_ready = False
    until_s = time.monotonic() + seconds
    try:
        while rclpy.ok() and time.monotonic() < until_s:
            rclpy.spin_once(node, timeout_sec=0.1)
            if node.answers and not is_ready:
                is_ready = True
                output.with_suffix('.ready').touch()
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass
    finally:
        output.write_text(json.dumps(node.document()), encoding='utf-8')
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == '__main__':
    main()
