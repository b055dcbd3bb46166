"""How a codec in a model folder does: the two nodes' real path, without ROS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.detectors import Detections, OnnxDetector
from slim_split_ros.evaluation.coco_metrics import SCORE_FLOOR
from slim_split_ros.evaluation.codec import FRAME_ID, MAX_DETECTIONS, Sent
from slim_split_ros.evaluation.points import Setting
from slim_split_ros.offboard.decode import ServerInput, decode_frame
from slim_split_ros.offboard.server import load_server
from slim_split_ros.onboard.encoder import FrameEncoder
from slim_split_ros.wire.header import Frame, FrameHeader
from slim_split_ros.wire.manifest import Manifest
from slim_split_ros.wire.message_size import encoded_frame_bytes


class ModelCodec:
    """Encode and detect as the two nodes do, the payload travelling as bytes."""

    def __init__(
        self, manifest: Manifest, settings: list[Setting], detector: OnnxDetector | None = None
    ) -> None:
        self.settings = settings
        self._manifest = manifest
        self._encoder = FrameEncoder(manifest, threads=1)
        # The same runtime for every codec, whatever else the machine has.
        self._server = load_server(manifest, 'cpu', threads=1, detector=detector)

    def encode(self, image: NDArray[np.uint8], setting: Setting) -> Sent:
        """Encode uint8 (H, W, 3), BGR, at the setting's width and rate."""
        encoded = self._encoder.encode(image, _width(setting), _rate(setting))
        return Sent(encoded, encoded_frame_bytes(FRAME_ID, len(encoded.payload)),
                    encoded.encode_ms, encoded.network_ms)

    def detect(self, sent: Sent, setting: Setting) -> Detections:
        """Decode a payload and finish the detection."""
        return self._server.detect(
            [self._decode(sent, setting)], SCORE_FLOOR, MAX_DETECTIONS)[0]

    def picture(self, sent: Sent, setting: Setting) -> NDArray[np.uint8]:
        """Rebuild uint8 (h, w, 3), BGR, as large as the model's input."""
        picture = self._server.serve([self._decode(sent, setting)])[0].picture
        assert picture is not None
        return picture

    def _decode(self, sent: Sent, setting: Setting) -> ServerInput:
        encoded = sent.content
        header = FrameHeader(
            sender_start_ns=0, sequence=0, geometry=encoded.geometry, width=_width(setting),
            rate=_rate(setting), fingerprint=self._manifest.fingerprint, stamp_ns=0,
            encode_ms=encoded.encode_ms)
        return decode_frame(Frame(header, encoded.payload), self._manifest)


def slim_settings(manifest: Manifest) -> list[Setting]:
    """Return every width at every rate, narrowest first."""
    return [Setting('slim', width=entry.width, rate=rate, coder='cells', alone=True,
                    default=rate == 0)
            for entry in manifest.widths for rate in range(manifest.rates)]


def _width(setting: Setting) -> float:
    return 1.0 if setting.width is None else setting.width


def _rate(setting: Setting) -> int:
    return 0 if setting.rate is None else setting.rate
