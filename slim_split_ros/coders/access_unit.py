"""
The NAL units of one H.264 frame in Annex B form, and how large a picture they announce.

Only streams as `video_encoder.py` makes them: one slice, no fields, 8 bits, 4:2:0. It decodes
nothing; what FFmpeg would take memory for is known here before it sees a byte.
Source: ITU-T H.264 (08/2021), 7.3.1, 7.3.2.1.1 and Annex B.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import re

from slim_split_ros.coders.errors import StreamError
from slim_split_ros.wire.video_settings import CodedSize

SLICE, KEY_SLICE, SEI, SEQUENCE, PICTURE = 1, 5, 6, 7, 8
START = re.compile(rb'\x00\x00\x01')
BASELINE, MAIN, HIGH = 66, 77, 100
MACROBLOCK = 16
# The encoder takes one; a decoder keeps as many pictures.
MOST_REFERENCES = 4
# More than any frame that is refused by what its units are.
MOST_UNITS = 16
# Of an Exp-Golomb code: 2**16 is beyond every number here.
MOST_ZEROS = 16


@dataclass(frozen=True, slots=True)
class Unit:
    """Hold a NAL unit without its start code; `kind` is its nal_unit_type."""

    kind: int
    data: bytes


def split_units(stream: bytes) -> list[Unit]:
    """Return the units of an Annex B stream; raises StreamError where one is empty."""
    starts = [found.end() for found in START.finditer(stream)]
    if not starts or stream[:starts[0] - 3].strip(b'\0'):
        raise StreamError(f'payload starts with {stream[:4].hex(" ")}, must start with 00 00 01')
    ends = [start - 3 for start in starts[1:]] + [len(stream)]
    # Zeros before the next start code belong to nothing.
    units = [stream[start:end].rstrip(b'\0') for start, end in zip(starts, ends, strict=True)]
    if not all(units):
        raise StreamError('payload has an empty NAL unit')
    return [Unit(unit[0] & 31, unit) for unit in units]


def join_units(units: Sequence[Unit]) -> bytes:
    """Return an Annex B stream with the shortest start codes that the standard allows."""
    # Four bytes at the start of a frame and before parameter sets (B.1.2).
    return b''.join(
        (b'\0\0\0\1' if index == 0 or unit.kind in (SEQUENCE, PICTURE) else b'\0\0\1') + unit.data
        for index, unit in enumerate(units))


def check_access_unit(stream: bytes, size: CodedSize, alone: bool) -> None:
    """
    Refuse what is not one frame of this size, `alone` with its parameter sets or else without.

    Raises StreamError saying what is there instead.
    """
    expected = [SEQUENCE, PICTURE, KEY_SLICE] if alone else [SLICE]
    # Counted before they are split: a payload may be full of start codes.
    if (count := stream.count(b'\0\0\1')) > MOST_UNITS:
        raise StreamError(f'payload has {count} NAL units, a frame has {len(expected)}')
    units = split_units(stream)
    kinds = [unit.kind for unit in units]
    if kinds != expected:
        raise StreamError(
            f'payload has NAL units of types {str(kinds):.40}, a frame that '
            f'{"decodes alone" if alone else "needs another"} has {expected}')
    if alone and (found := _read_size(units[0].data)) != size:
        raise StreamError(
            f'stream says {found.width}x{found.height} pixels, its header implies '
            f'{size.width}x{size.height}')


class _Bits:
    """Read a unit bit by bit, emulation prevention removed; beyond its end are zeros."""

    def __init__(self, data: bytes) -> None:
        plain = re.sub(rb'\x00\x00\x03', b'\0\0', data)
        self._bits = int.from_bytes(plain, 'big')
        self._left = 8 * len(plain)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise StreamError('sequence parameter set is cut short')
        return self._bits >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """Read an unsigned Exp-Golomb code (9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > MOST_ZEROS:
                raise StreamError('sequence parameter set has a number beyond any sense')
        return (1 << zeros) - 1 + self.take(zeros)


def _read_size(sequence: bytes) -> CodedSize:
    """Return the size that a sequence parameter set announces, cropping applied."""
    # What sets are long for, scaling matrices, is refused below.
    bits = _Bits(sequence[:128])
    bits.take(8)
    profile = bits.take(8)
    _require('profile', profile, BASELINE, MAIN, HIGH)
    bits.take(16)  # constraints and level
    bits.golomb()  # seq_parameter_set_id
    if profile == HIGH:
        _require('chroma_format_idc', bits.golomb(), 1)
        _require('bit_depth_luma_minus8', bits.golomb(), 0)
        _require('bit_depth_chroma_minus8', bits.golomb(), 0)
        bits.take(1)  # qpprime_y_zero_transform_bypass_flag
        _require('seq_scaling_matrix_present_flag', bits.take(1), 0)
    bits.golomb()  # log2_max_frame_num_minus4
    order = bits.golomb()
    _require('pic_order_cnt_type', order, 0, 2)
    if order == 0:
        bits.golomb()  # log2_max_pic_order_cnt_lsb_minus4
    _require('max_num_ref_frames', bits.golomb(), *range(MOST_REFERENCES + 1))
    bits.take(1)  # gaps_in_frame_num_value_allowed_flag
    width, height = (MACROBLOCK * (bits.golomb() + 1) for _ in range(2))
    _require('frame_mbs_only_flag', bits.take(1), 1)
    bits.take(1)  # direct_8x8_inference_flag
    if bits.take(1):
        left, right, top, bottom = (2 * bits.golomb() for _ in range(4))
        if max(left, right, top, bottom) >= 2 * MACROBLOCK:
            raise StreamError('sequence parameter set cuts off more than a macroblock')
        width, height = width - left - right, height - top - bottom
    return CodedSize(width, height)


def _require(name: str, value: int, *expected: int) -> None:
    if value not in expected:
        raise StreamError(f'sequence parameter set has {name} {value}, must have '
                          f'{" or ".join(map(str, expected))}')
