"""
A camera image and its map to one H.264 frame: libx264 through PyAV, finer where the map says.

Which size and how fine is the operating point's, which cells matter the map's.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from slim_split_ros.coders.access_unit import SEI, join_units, split_units
from slim_split_ros.coders.availability import ENCODER, why_no_video_encoding
from slim_split_ros.coders.block_map import block_levels
from slim_split_ros.coders.errors import CoderMissingError, VideoEncodingError
from slim_split_ros.coders.quantizer_regions import COARSEST, QuantizerRegions
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.payload import Coder
from slim_split_ros.wire.video_settings import CodedSize, VideoSettings

if TYPE_CHECKING:
    import av

# Every quantizer is this one and a region's offset, so any can follow any in one stream.
BASE = COARSEST
# qcomp 1 and ipratio 1 leave the quantizer alone, whatever came before. Regions need adaptive
# quantization, so it is there and next to nothing. Every key frame is asked for. Beyond the
# preset: trellis, and choices by rate and distortion without what only eyes want (7 to 9 % fewer
# bytes), and small coefficients kept where frames lean, as what is lost there stays lost.
X264_PARAMS = (
    f'crf={BASE}:qcomp=1:ipratio=1:aq-mode=1:aq-strength=0.01:keyint=infinite:scenecut=0:'
    'bframes=0:ref=1:trellis=2:subme=6:psy=0:no-dct-decimate=1:repeat-headers=1')
TIME_BASE = Fraction(1, 90_000)


@dataclass(frozen=True, slots=True)
class EncodedVideo:
    """Hold a frame's payload, its coder's byte first; `alone` tells whether it is a key frame."""

    payload: bytes
    alone: bool


class VideoEncoder:
    """
    Encode the images of one camera, each as one frame that is ready at once; for one thread.

    A frame that need not be `alone` leans on the one before, of whatever settings; after
    `forget`, at another size of the coded picture and at the start it is alone all the same.
    Opening a stream takes 2 ms. Raises CoderMissingError where the machine cannot.

        encoder = VideoEncoder()
        encoded = encoder.encode(image, levels, geometry, VideoSettings(320, 1.0, (-0.1, -0.3)))
    """

    def __init__(self) -> None:
        if missing := why_no_video_encoding():
            raise CoderMissingError(missing)
        self._context: av.CodecContext | None = None
        self._size: CodedSize | None = None
        self._regions: QuantizerRegions | None = None
        self._frames = 0

    def forget(self) -> None:
        """Let the next frame lean on none: the last one was not sent, or did not arrive."""
        self._context = None

    def encode(
        self, image: np.ndarray, levels: np.ndarray, geometry: FrameGeometry,
        settings: VideoSettings, alone: bool = False, channel_order: Literal['bgr', 'rgb'] = 'bgr',
    ) -> EncodedVideo:
        """
        Encode uint8 (H, W, 3) with the map of its network input, int8 (h, w).

        Raises GeometryError for an image that leaves no picture, VideoEncodingError for what
        FFmpeg refuses; the next frame is alone then.
        """
        import av

        size = settings.coded_size(image.shape[1], image.shape[0])
        picture = _to_planes(image, size, channel_order)
        frame = av.VideoFrame.from_ndarray(picture, format='yuv420p')
        self._frames += 1
        try:
            if size != self._size:
                self._context = self._size = None
                self._regions, self._size = QuantizerRegions(size), size
            if self._context is None:
                self._context, alone = _open(size), True
            offsets = _offsets(settings)
            frame = self._regions.attach(
                frame, offsets[np.minimum(
                    block_levels(levels, geometry, size), len(offsets) - 1)], int(offsets[0]))
            frame.pts, frame.time_base = self._frames, TIME_BASE
            kinds = av.video.frame.PictureType
            frame.pict_type = kinds.I if alone else kinds.NONE
            packets = [bytes(packet) for packet in self._context.encode(frame)]
        except (av.FFmpegError, ValueError) as error:  # ValueError: a filter that is not there
            self.forget()
            raise VideoEncodingError(
                f'an image of {image.shape[1]}x{image.shape[0]} pixels is no video at '
                f'{size.width}x{size.height}: FFmpeg says {error}') from error
        if len(packets) != 1:
            self.forget()
            raise VideoEncodingError(
                f'{ENCODER} gave {len(packets)} frames for one image: it was not built for zero '
                'latency; take the wheel of PyPI (`pip install "av<19"`)')
        # Half a kilobyte about the encoder's version and options.
        units = [unit for unit in split_units(packets[0]) if unit.kind != SEI]
        return EncodedVideo(bytes([Coder.H264]) + join_units(units), alone)


def _open(size: CodedSize) -> av.CodecContext:
    import av

    context = av.CodecContext.create(ENCODER, 'w')
    context.width, context.height, context.pix_fmt = size.width, size.height, 'yuv420p'
    context.time_base = TIME_BASE
    context.thread_count = 1
    context.options = {
        'preset': 'veryfast', 'tune': 'zerolatency', 'forced-idr': '1',
        'x264-params': X264_PARAMS}
    context.open()
    return context


def _to_planes(
    image: np.ndarray, size: CodedSize, channel_order: Literal['bgr', 'rgb']
) -> np.ndarray:
    """Return uint8 (1.5 H, W): luma, and both chromas at half of its sides."""
    image = _shrink(image, size)
    conversion = (
        cv2.COLOR_BGR2YUV_I420 if channel_order == 'bgr' else cv2.COLOR_RGB2YUV_I420)
    return cv2.cvtColor(image, conversion)


def _shrink(image: np.ndarray, size: CodedSize) -> np.ndarray:
    """
    Scale down so that every pixel counts: by half as often as it goes, the rest linearly.

    INTER_AREA is quick for halves alone: from 456x600 to 342x450 it takes 1.4 ms, this 0.25.
    """
    height, width = image.shape[:2]
    while height >= 2 * size.height and width >= 2 * size.width:
        height, width = height // 2, width // 2
        image = cv2.resize(
            image[:2 * height, :2 * width], (width, height), interpolation=cv2.INTER_AREA)
    if (height, width) == (size.height, size.width):
        return image
    return cv2.resize(image, (size.width, size.height), interpolation=cv2.INTER_LINEAR)


def _offsets(settings: VideoSettings) -> np.ndarray:
    """Return what the quantizer of each level, int (levels,), is above the stream's."""
    shares = [settings.background, *(settings.background + add for add in settings.offsets)]
    return np.clip(np.rint(COARSEST * np.array(shares)), 0, COARSEST).astype(np.int32) - BASE
