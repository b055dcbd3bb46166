"""
What is in a model folder? `manifest.json`, read once and checked whole.

It opens no model: whoever does asks `Manifest.checked_file` for the path first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
import json
import math
from pathlib import Path
from typing import Any

from slim_split_ros.wire.bit_coder import MAX_BITS
from slim_split_ros.wire.entropy_tables import ChannelTables
from slim_split_ros.wire.errors import ManifestError
from slim_split_ros.wire.fingerprint import FINGERPRINT_DIGITS
from slim_split_ros.wire.level_tables import LevelTables

MANIFEST_FILE = 'manifest.json'
FORMAT = 2
REMEDY = 'export the model again, or point the parameter `model` to an intact folder'


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """
    Describe the encoder of one width.

    `gains` has one number a rate, 0 the default; `tables` one set a rate, or nothing.
    """

    width: float
    channels: int
    latent_channels: int
    encoder: str
    gains: tuple[float, ...]
    tables: tuple[ChannelTables, ...] | tuple[LevelTables, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    Hold a checked manifest; every width has as many rates.

    `bits` is one number a rate, or empty. Where it is given, symbols travel without entropy
    coding, and lie from -gain to gain - 1, which that many bits hold.
    """

    folder: Path
    fingerprint: int
    classes: tuple[str, ...]
    input_long_side: int
    input_multiple: int
    latent_stride: int
    widths: tuple[EncoderEntry, ...]
    bits: tuple[int, ...]
    server: str
    candidates: int
    files: Mapping[str, str]

    @property
    def latent_channels(self) -> int:
        """Latent channels of the widest encoder, which is what the server takes."""
        return max(entry.latent_channels for entry in self.widths)

    @property
    def rates(self) -> int:
        """Rates of every width."""
        return len(self.widths[0].gains)

    def width_index(self, width: float) -> int | None:
        """Return the index of a width, or None where the model has no such width."""
        for index, entry in enumerate(self.widths):
            # A header's width went through float32.
            if math.isclose(entry.width, width, rel_tol=1e-6):
                return index
        return None

    def tables(self, width_index: int, rate: int) -> ChannelTables | LevelTables | None:
        """Return the entropy tables of a width and rate, or None where the model has none."""
        tables = self.widths[width_index].tables
        return tables[rate] if tables else None

    def symbol_bits(self, rate: int) -> int | None:
        """Return the bits of each symbol at a rate, or None where their number is not fixed."""
        return self.bits[rate] if self.bits else None

    def checked_file(self, name: str) -> Path:
        """Return the path of a file of the model once its SHA-256 agrees with the manifest."""
        path = self.folder / name
        if name not in self.files:
            raise ManifestError(f'{path} is not listed under files in {MANIFEST_FILE}: {REMEDY}')
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise ManifestError(f'{path} cannot be read ({error.strerror}): {REMEDY}') from error
        if digest != self.files[name]:
            raise ManifestError(
                f'{path} is damaged: its SHA-256 is {digest[:12]}…, {MANIFEST_FILE} says '
                f'{self.files[name][:12]}…: {REMEDY}')
        return path


def load_manifest(folder: Path) -> Manifest:
    """
    Read and check `manifest.json` of a model folder.

    Raises ManifestError naming the file, the field and the remedy.
    """
    path = Path(folder) / MANIFEST_FILE
    try:
        data = json.loads(path.read_text('utf-8'))
    except OSError as error:
        raise ManifestError(f'{path} cannot be read ({error.strerror}): {REMEDY}') from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f'{path} is no JSON ({error}): {REMEDY}') from error
    try:
        return _parse_manifest(Path(folder), _Fields(data))
    except ManifestError as error:
        raise ManifestError(f'{path}: {error}: {REMEDY}') from error


class _Fields:
    """Read typed fields of a JSON object; a wrong one is named with its value."""

    def __init__(self, data: Any, where: str = '') -> None:
        if not isinstance(data, dict):
            raise ManifestError(f'{where or "the document"} is {data!r:.40}, must be an object')
        self._data = data
        self._where = where

    def get(self, name: str, *kinds: type) -> Any:
        """Return a field of one of these types; an integer serves as a float, a bool never."""
        value = self._data.get(name)
        if type(value) not in kinds:
            expected = ' or '.join(kind.__name__ for kind in kinds)
            raise ManifestError(f'{self._where}{name} is {value!r:.40}, must be {expected}')
        return value

    def positive(self, name: str, limit: int) -> int:
        """Return an integer from 1 to `limit`."""
        value: int = self.get(name, int)
        if not 1 <= value <= limit:
            raise ManifestError(f'{self._where}{name} is {value}, must be 1 to {limit}')
        return value

    def items(self, name: str) -> list[Any]:
        """Return a list that is not empty."""
        value: list[Any] = self.get(name, list)
        if not value:
            raise ManifestError(f'{self._where}{name} is empty')
        return value

    def positive_numbers(self, name: str) -> tuple[float, ...]:
        """Return numbers above zero, at least one."""
        value = self.items(name)
        if not all(type(number) in (int, float) and 0 < number < math.inf for number in value):
            raise ManifestError(
                f'{self._where}{name} is {value!r:.40}, must hold positive, finite numbers')
        return tuple(map(float, value))

    def optional(self, name: str) -> Any:
        """Return a field as it is, or None."""
        return self._data.get(name)


def _parse_manifest(folder: Path, fields: _Fields) -> Manifest:
    if (found := fields.get('format', int)) != FORMAT:
        raise ManifestError(f'format is {found}, this version reads {FORMAT}')
    classes = tuple(str(name) for name in fields.items('classes'))
    files = fields.get('files', dict)
    shared = fields.optional('entropy_tables')
    widths = tuple(
        _parse_width(_Fields(entry, f'widths[{index}].'), files, shared)
        for index, entry in enumerate(fields.items('widths'))
    )
    _check_widths(widths)
    bits = _parse_bits(fields, widths)
    long_side = fields.positive('input_long_side', 4_096)
    multiple = fields.positive('input_multiple', 256)
    stride = fields.positive('latent_stride', 256)
    if long_side % multiple or multiple % stride:
        raise ManifestError(
            f'input_long_side {long_side}, input_multiple {multiple} and latent_stride {stride} '
            'must each be a multiple of the next')
    return Manifest(
        folder=folder, fingerprint=_parse_fingerprint(fields.get('fingerprint', str)),
        classes=classes, input_long_side=long_side, input_multiple=multiple,
        latent_stride=stride, widths=widths, bits=bits,
        server=_listed_file(fields, 'server', files),
        candidates=fields.positive('candidates', 100_000), files=files)


def _parse_width(
    fields: _Fields, files: Mapping[str, str], shared_tables: Any
) -> EncoderEntry:
    width = float(fields.get('width', float, int))
    if not 0.0 < width <= 1.0:
        raise ManifestError(f'width is {width}, must be above 0 and at most 1')
    latent_channels = fields.positive('latent_channels', 4_096)
    gains = fields.positive_numbers('gains')
    per_rate = fields.optional('entropy_tables')
    if per_rate is None and shared_tables is not None:
        if not isinstance(shared_tables, list):
            raise ManifestError(f'entropy_tables is {shared_tables!r:.40}, must be a list')
        per_rate = [shared_tables[:latent_channels]] * len(gains)
    return EncoderEntry(
        width, fields.positive('channels', 65_536), latent_channels,
        _listed_file(fields, 'encoder', files), gains,
        _parse_tables(per_rate, len(gains), latent_channels))


def _parse_tables(per_rate: Any, rates: int, latent_channels: int
                  ) -> tuple[ChannelTables, ...] | tuple[LevelTables, ...]:
    if per_rate is None:
        return ()
    if not isinstance(per_rate, list) or len(per_rate) != rates:
        raise ManifestError(f'entropy_tables must be a list with one entry for each of {rates} '
                            'rates')
    if isinstance(per_rate[0], dict):
        of_levels = tuple(LevelTables.from_json(tables) for tables in per_rate)
        _check_channels([len(tables) for tables in of_levels], latent_channels)
        return of_levels
    for tables in per_rate:
        if not isinstance(tables, list) or len(tables) != latent_channels:
            raise ManifestError(
                f'entropy_tables must hold a table for each of {latent_channels} latent channels')
    return tuple(ChannelTables.from_json(tables) for tables in per_rate)


def _check_channels(counts: list[int], latent_channels: int) -> None:
    if any(count != latent_channels for count in counts):
        raise ManifestError(
            f'entropy_tables are for {counts} channels, must be for {latent_channels}')


def _parse_bits(fields: _Fields, widths: tuple[EncoderEntry, ...]) -> tuple[int, ...]:
    if fields.optional('bits') is None:
        return ()
    bits = tuple(fields.items('bits'))
    if len(bits) != len(widths[0].gains) or not all(
            type(count) is int and 1 <= count <= MAX_BITS for count in bits):
        raise ManifestError(
            f'bits are {list(bits)!r:.40}, must be one of 1 to {MAX_BITS} for each of '
            f'{len(widths[0].gains)} rates')
    if any(entry.tables for entry in widths):
        raise ManifestError('there are bits, and widths have entropy_tables: must be one of both')
    for entry in widths:
        for count, gain in zip(bits, entry.gains, strict=True):
            if gain > (limit := 1 << count - 1):
                raise ManifestError(
                    f'gains of width {entry.width:g} reach {gain:g}, {count} bits hold symbols '
                    f'of a gain up to {limit}')
    return bits


def _check_widths(widths: tuple[EncoderEntry, ...]) -> None:
    shares = [entry.width for entry in widths]
    if shares != sorted(set(shares)):
        raise ManifestError(f'widths are {shares}, must rise')
    if len(rates := {len(entry.gains) for entry in widths}) > 1:
        raise ManifestError(f'widths have {sorted(rates)} gains, must have as many')


def _parse_fingerprint(digits: str) -> int:
    if len(digits) != FINGERPRINT_DIGITS or not set(digits) <= set('0123456789abcdef'):
        raise ManifestError(
            f'fingerprint is {digits!r:.40}, must be {FINGERPRINT_DIGITS} lower-case hex digits')
    return int(digits, 16)


def _listed_file(fields: _Fields, name: str, files: Mapping[str, str]) -> str:
    file: str = fields.get(name, str)
    if Path(file).name != file:
        raise ManifestError(f'{name} is {file!r}, must be a plain file name')
    if not isinstance(files.get(file), str):
        raise ManifestError(f'files has no SHA-256 of {file}')
    return file
