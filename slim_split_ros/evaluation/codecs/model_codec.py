"""How a codec in a model folder does: the two nodes' real path, without ROS."""

from __future__ import annotations

from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.coders import why_no_video_encoding
from slim_split_ros.detectors import Detections, OnnxDetector
from slim_split_ros.evaluation.codecs.codec import FRAME_ID, MAX_DETECTIONS, Sent
from slim_split_ros.evaluation.figures.coco_metrics import SCORE_FLOOR
from slim_split_ros.evaluation.figures.points import Setting
from slim_split_ros.offboard.decode import PictureInput, ServerInput
from slim_split_ros.offboard.frame_decoder import FrameDecoder
from slim_split_ros.offboard.server import Server, load_server
from slim_split_ros.onboard.encoder import SYMBOL_CODERS, VIDEO, Encoded, FrameEncoder
from slim_split_ros.wire.header import Frame, FrameHeader
from slim_split_ros.wire.manifest import Manifest
from slim_split_ros.wire.message_size import encoded_frame_bytes


class ModelCodec:
    """Encode and detect as the two nodes do, every frame alone, the payload as bytes."""

    def __init__(
        self, manifest: Manifest, settings: list[Setting], detector: OnnxDetector | None = None
    ) -> None:
        self.settings = settings
        self._manifest = manifest
        self._encoder = FrameEncoder(manifest, threads=1)
        # The same runtime for every codec, whatever else the machine has.
        self._server = load_server(manifest, 'cpu', threads=1, detector=detector)

    def encode(self, image: NDArray[np.uint8], setting: Setting) -> Sent:
        """Encode uint8 (H, W, 3), BGR, at the setting's coder, width and rate."""
        encoded = self._encoder.encode(
            image, _width(setting), _rate(setting), coder=_coder(setting))
        return _sent(encoded)

    def detect(self, sent: Sent, setting: Setting) -> Detections:
        """Decode a payload and finish the detection."""
        return self._server.detect(
            [self._decode(sent, setting)], SCORE_FLOOR, MAX_DETECTIONS)[0]

    def picture(self, sent: Sent, setting: Setting) -> NDArray[np.uint8]:
        """Rebuild uint8 (h, w, 3), BGR."""
        picture = self._rebuilding.serve([self._decode(sent, setting)])[0].picture
        assert picture is not None
        return picture

    def start(self, setting: Setting) -> ModelStream:
        """Begin a clip; the one before is over."""
        self._encoder.forget()
        return ModelStream(self._manifest, self._encoder, self._server, setting)

    @cached_property
    def _rebuilding(self) -> Server:
        """Give a server that looks for nothing, for whoever only wants pictures."""
        return load_server(self._manifest, 'cpu', threads=1, detects=False)

    def _decode(self, sent: Sent, setting: Setting) -> ServerInput | PictureInput:
        return FrameDecoder(self._manifest).decode(
            _frame(self._manifest, sent.content, setting, 0))


class ModelStream:
    """Both sides of one clip, as the two nodes run it when nothing is lost."""

    def __init__(self, manifest: Manifest, encoder: FrameEncoder, server: Server,
                 setting: Setting) -> None:
        self._manifest = manifest
        self._encoder = encoder
        self._server = server
        self._setting = setting
        self._decoder = FrameDecoder(manifest)
        self._received = 0

    def encode(self, image: NDArray[np.uint8]) -> Sent:
        """Encode the next frame."""
        return _sent(self._encoder.encode(
            image, _width(self._setting), _rate(self._setting), coder=_coder(self._setting),
            alone=self._setting.alone is not False))

    def receive(self, sent: Sent) -> ServerInput | PictureInput:
        """Decode the next frame."""
        frame = _frame(self._manifest, sent.content, self._setting, self._received)
        self._received += 1
        return self._decoder.decode(frame)

    def detect(self, received: ServerInput | PictureInput) -> Detections:
        """Finish the detection."""
        return self._server.detect([received], SCORE_FLOOR, MAX_DETECTIONS)[0]


def slim_settings(manifest: Manifest, alone_only: bool = True) -> list[Setting]:
    """Return every coder that runs here, width and rate, narrowest first."""
    settings = [
        Setting('slim', width=entry.width, rate=rate, coder=SYMBOL_CODERS[0], alone=True,
                default=rate == 0)
        for entry in manifest.widths for rate in range(manifest.rates)]
    if why_no_video_encoding():
        return settings
    widths = [entry.width for entry in manifest.widths]
    return settings + [
        Setting('slim', width=width, rate=rate, coder=VIDEO, alone=alone,
                long_side=manifest.video[rate].long_side)
        for alone, width, rate in product(
            (True,) if alone_only else (True, False), widths, range(len(manifest.video)))]


def _sent(encoded: Encoded) -> Sent:
    return Sent(encoded, encoded_frame_bytes(FRAME_ID, len(encoded.payload)),
                encoded.encode_ms, encoded.network_ms)


def _frame(manifest: Manifest, encoded: Encoded, setting: Setting, sequence: int) -> Frame:
    header = FrameHeader(
        sender_start_ns=0, sequence=sequence, geometry=encoded.geometry, width=_width(setting),
        rate=_rate(setting), fingerprint=manifest.fingerprint, stamp_ns=0,
        encode_ms=encoded.encode_ms, reference=None if encoded.alone else sequence - 1)
    return Frame(header, encoded.payload)


def _width(setting: Setting) -> float:
    return 1.0 if setting.width is None else setting.width


def _rate(setting: Setting) -> int:
    return 0 if setting.rate is None else setting.rate


def _coder(setting: Setting) -> str:
    return SYMBOL_CODERS[0] if setting.coder is None else setting.coder
