"""
The way from a frame to the input of the server's network: checked against the model, decoded.

Here are frames that decode without any other; those of video, which may not, are
`frame_decoder.py`'s. Bytes are `wire/`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from slim_split_ros.coders import (
    CodedSize,
    StreamError,
    check_video_payload,
    why_no_video_decoding,
)
from slim_split_ros.offboard.errors import (
    FingerprintMismatchError,
    FrameMismatchError,
    VideoMissingError,
)
from slim_split_ros.wire.errors import PayloadError
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.header import Frame, FrameHeader
from slim_split_ros.wire.manifest import Manifest
from slim_split_ros.wire.payload import Coder, check_payload_start, unpack_symbols


@dataclass(frozen=True, slots=True, eq=False)
class ServerInput:
    """
    Hold a decoded frame of symbols.

    `symbols` int8 (L, h, w) and `inverse_gain` float32 (L,) have the channels of the widest
    encoder; those that were not sent are zero in both.
    """

    symbols: np.ndarray
    inverse_gain: np.ndarray
    width_index: int
    geometry: FrameGeometry


@dataclass(frozen=True, slots=True, eq=False)
class PictureInput:
    """Hold a decoded frame of video: uint8 (h, w, 3), BGR, of the size that was coded."""

    picture: np.ndarray
    geometry: FrameGeometry


def decode_frame(frame: Frame, manifest: Manifest) -> ServerInput:
    """
    Decode a frame of symbols whose checksum holds.

    Raises FrameMismatchError for a frame of another model, PayloadError for a payload that does
    not hold what its header says.
    """
    header = frame.header
    width_index = _check_header(frame, manifest)
    shape = _symbols_shape(header.geometry, width_index, manifest)
    sent = shape[0]
    tables = manifest.tables(width_index, header.rate)
    bits = manifest.symbol_bits(header.rate)
    symbols = np.zeros((manifest.latent_channels, *shape[1:]), np.int8)
    symbols[:sent] = unpack_symbols(frame.payload, shape, manifest.coder, tables, bits)
    inverse_gain = np.zeros(manifest.latent_channels, np.float32)
    inverse_gain[:sent] = 1.0 / manifest.widths[width_index].gains[header.rate]
    return ServerInput(symbols, inverse_gain, width_index, header.geometry)


def check_frame(frame: Frame, manifest: Manifest) -> None:
    """
    Refuse, before it is kept or decoded, a frame that this model did not make.

    Raises FrameMismatchError for its header, PayloadError for a payload of another coder or
    longer than any, VideoMissingError where video cannot be decoded; whether it holds what its
    header says is seen by decoding it.
    """
    width_index = _check_header(frame, manifest)
    if manifest.video and is_video(frame):
        _check_video(frame, manifest)
        return
    if frame.header.reference is not None:
        raise FrameMismatchError(
            f'reference is {frame.header.reference}, frames of symbols need none')
    shape = _symbols_shape(frame.header.geometry, width_index, manifest)
    check_payload_start(frame.payload, manifest.coder, math.prod(shape))


def is_video(frame: Frame) -> bool:
    """Return whether a payload says that it is video."""
    return frame.payload[:1] == bytes([Coder.H264])


def video_size(header: FrameHeader, manifest: Manifest) -> CodedSize:
    """Return at which size the picture of a checked header is coded."""
    geometry = header.geometry
    return manifest.video[header.rate].coded_size(geometry.image_width, geometry.image_height)


def _check_video(frame: Frame, manifest: Manifest) -> None:
    if missing := why_no_video_decoding():
        raise VideoMissingError(missing)
    try:
        check_video_payload(frame.payload, video_size(frame.header, manifest))
    except StreamError as error:
        raise PayloadError(str(error)) from error


def _symbols_shape(
    geometry: FrameGeometry, width_index: int, manifest: Manifest
) -> tuple[int, int, int]:
    stride = manifest.latent_stride
    return (manifest.widths[width_index].latent_channels,
            geometry.input_height // stride, geometry.input_width // stride)


def _check_header(frame: Frame, manifest: Manifest) -> int:
    """Return the index of the frame's width, which the model has."""
    header = frame.header
    if header.fingerprint != manifest.fingerprint:
        raise FingerprintMismatchError(
            f'fingerprint of the frame is {header.fingerprint:016x}, of the model here '
            f'{manifest.fingerprint:016x}: give both nodes the same parameter `model`')
    if header.chunk_count != 1:
        raise FrameMismatchError(
            f'chunk_count is {header.chunk_count}, this version decodes frames of 1 chunk')
    width_index = manifest.width_index(header.width)
    if width_index is None:
        shares = ', '.join(f'{entry.width:g}' for entry in manifest.widths)
        raise FrameMismatchError(f'width is {header.width:g}, the model has {shares}')
    rates = len(manifest.video) if manifest.video and is_video(frame) else manifest.rates
    if header.rate >= rates:
        raise FrameMismatchError(f'rate is {header.rate}, the model has 0 to {rates - 1}')
    _check_geometry(header.geometry, manifest)
    return width_index


def _check_geometry(geometry: FrameGeometry, manifest: Manifest) -> None:
    # The image's sides imply the input's; so a header cannot ask for more memory than a frame.
    expected = FrameGeometry.fit(
        geometry.image_width, geometry.image_height,
        manifest.input_long_side, manifest.input_multiple)
    if geometry != expected:
        raise FrameMismatchError(
            f'input_width x input_height is {geometry.input_width}x{geometry.input_height}, the '
            f'model takes {expected.input_width}x{expected.input_height} for an image of '
            f'{geometry.image_width}x{geometry.image_height}')
