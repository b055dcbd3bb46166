"""How does our codec do on a picture? The robot's and the server's real path, without ROS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.evaluation.coco_metrics import SCORE_FLOOR
from slim_split_ros.evaluation.points import Setting
from slim_split_ros.offboard.decode import decode_frame
from slim_split_ros.offboard.detections import Detections
from slim_split_ros.offboard.server import load_server
from slim_split_ros.onboard.encoder import Encoded, FrameEncoder
from slim_split_ros.wire.header import EncodedPayload, FrameHeader
from slim_split_ros.wire.manifest import Manifest
from slim_split_ros.wire.message_size import encoded_frame_bytes

MAX_DETECTIONS = 100  # COCO's
FRAME_ID = 'camera'


def slim_settings(manifest: Manifest) -> list[Setting]:
    """Return every width at every rate, narrowest first."""
    return [Setting('slim', width=entry.width, rate=rate, default=rate == 0)
            for entry in manifest.widths for rate in range(len(manifest.gains))]


class SlimCodec:
    """Encode and detect as the two nodes do, the payload travelling as bytes."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._encoder = FrameEncoder(manifest, threads=1)
        self._server = load_server(manifest)

    def encode(self, image: NDArray[np.uint8], setting: Setting) -> Encoded:
        """Encode uint8 (H, W, 3), BGR, at the setting's width and rate."""
        return self._encoder.encode(image, setting.width, setting.rate)

    def detect(self, encoded: Encoded, setting: Setting) -> Detections:
        """Decode a payload and finish the detection."""
        header = FrameHeader(
            sender_start_ns=0, sequence=0, geometry=encoded.geometry, width=setting.width,
            rate=setting.rate, fingerprint=self._manifest.fingerprint, stamp_ns=0,
            encode_ms=encoded.encode_ms)
        frame = decode_frame(EncodedPayload(header, encoded.payload), self._manifest)
        return self._server.detect([frame], SCORE_FLOOR, MAX_DETECTIONS)[0]


def message_bytes(encoded: Encoded) -> int:
    """Return the serialized size of the frame's message."""
    return encoded_frame_bytes(FRAME_ID, len(encoded.payload))
