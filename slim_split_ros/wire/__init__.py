"""The bytes between robot and server: headers, payloads, entropy coding, model folders."""

from slim_split_ros.wire.entropy_native import native_coder
from slim_split_ros.wire.entropy_tables import (
    ChannelTable,
    ChannelTables,
    count_symbols,
    fit_tables,
)
from slim_split_ros.wire.errors import (
    ChecksumError,
    FieldError,
    GeometryError,
    ManifestError,
    PayloadError,
    WireError,
)
from slim_split_ros.wire.fields import check_time
from slim_split_ros.wire.fingerprint import fingerprint_manifest
from slim_split_ros.wire.frame_message import frame_fields, read_frame
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.header import Frame, FrameHeader, check, find_reference, seal
from slim_split_ros.wire.manifest import EncoderEntry, Manifest, load_manifest
from slim_split_ros.wire.message_size import encoded_frame_bytes
from slim_split_ros.wire.payload import Coder, pack_symbols, unpack_symbols
from slim_split_ros.wire.report import ReceivedReport, ReportedArrival, read_arrivals

__all__ = [
    'ChannelTable',
    'ChannelTables',
    'ChecksumError',
    'Coder',
    'Frame',
    'EncoderEntry',
    'FieldError',
    'FrameGeometry',
    'FrameHeader',
    'GeometryError',
    'Manifest',
    'ManifestError',
    'PayloadError',
    'ReceivedReport',
    'ReportedArrival',
    'WireError',
    'check',
    'check_time',
    'count_symbols',
    'encoded_frame_bytes',
    'find_reference',
    'fingerprint_manifest',
    'fit_tables',
    'frame_fields',
    'load_manifest',
    'native_coder',
    'pack_symbols',
    'read_arrivals',
    'read_frame',
    'seal',
    'unpack_symbols',
]
