"""The bytes between robot and server: headers, payloads, entropy coding, model folders."""

from slim_split_ros.wire.entropy_tables import (
    ChannelTable,
    ChannelTables,
    count_symbols,
    fit_tables,
)
from slim_split_ros.wire.errors import (
    ChecksumError,
    GeometryError,
    HeaderError,
    ManifestError,
    PayloadError,
    WireError,
)
from slim_split_ros.wire.fingerprint import fingerprint_model
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.header import EncodedPayload, FrameHeader, check, seal
from slim_split_ros.wire.manifest import EncoderEntry, Manifest, load_manifest
from slim_split_ros.wire.message_size import encoded_frame_bytes
from slim_split_ros.wire.payload import Coder, pack_symbols, unpack_symbols

__all__ = [
    'ChannelTable',
    'ChannelTables',
    'ChecksumError',
    'Coder',
    'EncodedPayload',
    'EncoderEntry',
    'FrameGeometry',
    'FrameHeader',
    'GeometryError',
    'HeaderError',
    'Manifest',
    'ManifestError',
    'PayloadError',
    'WireError',
    'check',
    'count_symbols',
    'encoded_frame_bytes',
    'fingerprint_model',
    'fit_tables',
    'load_manifest',
    'pack_symbols',
    'seal',
    'unpack_symbols',
]
