"""
The description of a model folder: `manifest.json`, read once and checked whole.

It opens no model: whoever does asks `Manifest.checked_file` for the path first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any
from unicodedata import category

from slim_split_ros.wire.bit_coder import MAX_BITS
from slim_split_ros.wire.context_tables import Contexts, ContextTables
from slim_split_ros.wire.entropy_tables import ChannelTables
from slim_split_ros.wire.errors import ManifestError
from slim_split_ros.wire.fingerprint import FINGERPRINT_DIGITS, fingerprint_manifest
from slim_split_ros.wire.manifest_fields import Fields
from slim_split_ros.wire.payload import Coder
from slim_split_ros.wire.regular_file import open_regular, read_text
from slim_split_ros.wire.utf8 import is_utf8
from slim_split_ros.wire.video_settings import VideoSettings

MANIFEST_FILE = 'manifest.json'
DETECTOR_SUFFIX = '.onnx'
# What may say of a detector, beside it, how it is to be understood.
DETECTOR_NOTES = ('.yaml', '.txt')
FORMAT = 4
# 3 differs in nothing but tables of levels, which are gone.
READABLE_FORMATS = (3, FORMAT)
# The largest shipped one has 0.13 MB.
MOST_MANIFEST_BYTES = 2**22
MOST_CLASSES = 10_000
MOST_CLASS_NAME_BYTES = 256
MOST_WIDTHS = 64
MOST_RATES = 256  # of the header's uint8
MOST_LATENT_CHANNELS = 4_096
MOST_LEVELS = 16  # of a map, above 0; the shipped ones have 2
MOST_INPUT_SIDE = 4_096
# The server compares each with each: 16 bytes a pair.
MOST_CANDIDATES = 2_048
# Symbols of a frame, a byte each: 80 times those of the shipped models.
MOST_SYMBOLS = 2**24
REMEDY = 'export the model again, or point the parameter `model` to an intact folder'


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """
    Describe the encoder of one width.

    `gains` has one number a rate, 0 the default; `tables` one set a rate, or nothing. `map` names
    the graph that gives the map alone, where the model has points of the coder `video`.
    """

    width: float
    channels: int
    latent_channels: int
    encoder: str
    gains: tuple[float, ...]
    tables: tuple[ChannelTables, ...] | tuple[ContextTables, ...]
    map: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    Hold a checked manifest; every width has as many rates.

    `coder` is the one entropy coder that frames of this model travel with.
    `rebuild` names the graph from symbols to a picture, from which `detect` goes on; without it,
    `detect` takes the symbols. Instead of `detect` there may be a `detector`, of pictures and by
    any convention, whose names are `classes`; `candidates` is 0 then.
    `bits` is one number a rate, or empty. Where it is given, symbols travel without entropy
    coding, and lie from -gain to gain - 1, which that many bits hold.
    `video` is how pictures are coded at each rate of the coder `video`, or empty.
    """

    folder: Path
    fingerprint: int
    classes: tuple[str, ...]
    input_long_side: int
    input_multiple: int
    latent_stride: int
    widths: tuple[EncoderEntry, ...]
    coder: Coder
    bits: tuple[int, ...]
    rebuild: str | None
    detect: str | None
    detector: str | None
    candidates: int
    files: Mapping[str, str]
    video: tuple[VideoSettings, ...] = ()

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

    def tables(self, width_index: int, rate: int) -> ChannelTables | ContextTables | None:
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
            self._check_place(path)
            with open_regular(path) as file:
                digest = hashlib.sha256(file.read()).hexdigest()
        except OSError as error:
            raise ManifestError(f'{path} cannot be read ({error.strerror}): {REMEDY}') from error
        if digest != self.files[name]:
            raise ManifestError(
                f'{path} is damaged: its SHA-256 is {digest[:12]}…, {MANIFEST_FILE} says '
                f'{self.files[name][:12]}…: {REMEDY}')
        return path

    def checked_detector(self) -> Path:
        """Return the path of the folder's detector once it and what lies beside it agree."""
        assert self.detector is not None
        path = self.checked_file(self.detector)
        for suffix in DETECTOR_NOTES:
            notes = path.with_suffix(suffix)
            # One that is not listed is refused: it would change what the detector finds.
            if notes.name in self.files or notes.exists():
                self.checked_file(notes.name)
        return path

    def _check_place(self, path: Path) -> None:
        """Refuse a link that leads to other places than the manifest's own folder."""
        # An install with links has links for all files, the manifest's included.
        # By os.path: pathlib raises what is no OSError for links that go round.
        homes = {os.path.realpath(self.folder),
                 os.path.dirname(os.path.realpath(self.folder / MANIFEST_FILE))}
        if os.path.dirname(place := os.path.realpath(path)) not in homes:
            raise ManifestError(
                f'{path} is a link to {place}, outside the model folder: copy the file into it')


def load_manifest(folder: Path) -> Manifest:
    """
    Read and check `manifest.json` of a model folder, its fingerprint included.

    Raises ManifestError naming the file, the field and the remedy.
    """
    path = Path(folder) / MANIFEST_FILE
    if not is_utf8(str(path)):  # ONNX Runtime takes no other
        raise ManifestError(f'{str(path)!r} is not written in UTF-8: rename the folder')
    try:
        data = json.loads(read_text(path, MOST_MANIFEST_BYTES), parse_constant=_refuse_constant)
    except OSError as error:
        raise ManifestError(f'{path} cannot be read ({error.strerror}): {REMEDY}') from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f'{path} is no JSON ({error}): {REMEDY}') from error
    try:
        manifest = _parse_manifest(Path(folder), Fields(data))
        _check_fingerprint(data)
    # ValueError: a number beyond the largest that there is, in a field that nobody reads.
    except (ManifestError, RecursionError, ValueError) as error:
        raise ManifestError(f'{path}: {error}: {REMEDY}') from error
    return manifest


def _refuse_constant(name: str) -> None:
    raise ValueError(f'it holds {name}')


def _check_fingerprint(data: dict[str, Any]) -> None:
    computed = fingerprint_manifest(data)
    if computed != data['fingerprint']:
        raise ManifestError(
            f"fingerprint is {data['fingerprint']}, of what the file says it is {computed}: it "
            'was changed after the export')


def _parse_manifest(folder: Path, fields: Fields) -> Manifest:
    if (found := fields.get('format', int)) not in READABLE_FORMATS:
        raise ManifestError(
            f'format is {found!r:.40}, this version reads '
            f'{" and ".join(map(str, READABLE_FORMATS))}')
    files = fields.digests('files')
    contexts = fields.optional('contexts')
    if contexts is not None:
        contexts = Contexts.from_json(contexts)
    widths = tuple(
        _parse_width(Fields(entry, f'widths[{index}].'), files, contexts)
        for index, entry in enumerate(fields.items('widths', MOST_WIDTHS))
    )
    _check_widths(widths)
    bits = _parse_bits(fields, widths)
    long_side = fields.positive('input_long_side', MOST_INPUT_SIDE)
    multiple = fields.positive('input_multiple', 256)
    stride = fields.positive('latent_stride', 256)
    if long_side % multiple or multiple % stride:
        raise ManifestError(
            f'input_long_side {long_side}, input_multiple {multiple} and latent_stride {stride} '
            'must each be a multiple of the next')
    symbols = max(entry.latent_channels for entry in widths) * (long_side // stride) ** 2
    if symbols > MOST_SYMBOLS:
        raise ManifestError(
            f'latent_channels, input_long_side and latent_stride make {symbols} symbols a frame, '
            f'must make at most {MOST_SYMBOLS}')
    rebuild = _parse_graph(fields, 'rebuild', files)
    detector = _parse_detector(fields, files, rebuild)
    video = _parse_video(fields, widths)
    return Manifest(
        folder=folder, fingerprint=_parse_fingerprint(fields.get('fingerprint', str)),
        # Among the columns of a detector some may be no class.
        classes=_parse_classes(fields, least_bytes=0 if detector else 1),
        input_long_side=long_side, input_multiple=multiple, latent_stride=stride, widths=widths,
        coder=_parse_coder(fields, widths, bits), bits=bits, rebuild=rebuild,
        detect=None if detector else fields.listed_file('detect', files), detector=detector,
        candidates=0 if detector else fields.positive('candidates', MOST_CANDIDATES), files=files,
        video=video)


def _parse_graph(fields: Fields, name: str, files: Mapping[str, str]) -> str | None:
    return fields.listed_file(name, files) if fields.optional(name) else None


def _parse_detector(
    fields: Fields, files: Mapping[str, str], rebuild: str | None
) -> str | None:
    detector = _parse_graph(fields, 'detector', files)
    if detector is None:
        return None
    if Path(detector).suffix != DETECTOR_SUFFIX:
        raise ManifestError(f'detector is {detector!r:.40}, must end in {DETECTOR_SUFFIX}')
    if rebuild is None:
        raise ManifestError('there is a detector of pictures, but no rebuild that makes them')
    if fields.optional('detect') is not None:
        raise ManifestError('there are detect and detector, must be one of both')
    return detector


def _parse_classes(fields: Fields, least_bytes: int) -> tuple[str, ...]:
    names = fields.items('classes', MOST_CLASSES)
    for index, name in enumerate(names):
        if not (isinstance(name, str) and is_utf8(name)
                and least_bytes <= len(name.encode()) <= MOST_CLASS_NAME_BYTES
                and all(category(letter) != 'Cc' for letter in name)):
            raise ManifestError(f'classes[{index}] is {name!r:.40}, must be text of {least_bytes} '
                                f'to {MOST_CLASS_NAME_BYTES} bytes, without control characters')
    return tuple(names)


def _parse_coder(
    fields: Fields, widths: tuple[EncoderEntry, ...], bits: tuple[int, ...]
) -> Coder:
    """Return the coder that is named once it is the one whose tables or bits are there."""
    name = fields.get('coder', str)
    kinds = {type(tables) for entry in widths for tables in entry.tables or (None,)}
    fitting = {Coder.RAW, Coder.ZSTD}
    if bits:
        fitting = {Coder.BITS}
    elif kinds == {ContextTables}:
        fitting = {Coder.CONTEXTS}
    elif kinds == {ChannelTables}:
        fitting = {Coder.ANS}
    elif kinds != {type(None)}:
        raise ManifestError('widths have entropy_tables of different kinds, must have one kind')
    for coder in fitting:
        if coder.name.lower() == name:
            return coder
    raise ManifestError(
        f'coder is {name!r:.40}, its tables and bits are those of '
        f'{" or ".join(sorted(coder.name.lower() for coder in fitting))}')


def _parse_width(
    fields: Fields, files: Mapping[str, str], contexts: Contexts | None
) -> EncoderEntry:
    width = fields.get('width', float, int)
    if not 0.0 < width <= 1.0:
        raise ManifestError(f'width is {width!r:.40}, must be above 0 and at most 1')
    latent_channels = fields.positive('latent_channels', MOST_LATENT_CHANNELS)
    gains = fields.gains('gains', MOST_RATES)
    return EncoderEntry(
        float(width), fields.positive('channels', 65_536), latent_channels,
        fields.listed_file('encoder', files), gains,
        _parse_tables(
            fields.optional('entropy_tables'), len(gains), latent_channels, contexts),
        fields.listed_file('map', files) if fields.optional('map') else None)


def _parse_tables(per_rate: Any, rates: int, latent_channels: int, contexts: Contexts | None
                  ) -> tuple[ChannelTables, ...] | tuple[ContextTables, ...]:
    if per_rate is None:
        return ()
    if not isinstance(per_rate, list) or len(per_rate) != rates:
        raise ManifestError(f'entropy_tables must be a list with one entry for each of {rates} '
                            'rates')
    if isinstance(per_rate[0], dict):
        if contexts is None:
            raise ManifestError(
                'entropy_tables hold expected sizes, and there are no contexts that use them')
        of_contexts = tuple(ContextTables.from_json(tables, contexts) for tables in per_rate)
        _check_channels([len(tables) for tables in of_contexts], latent_channels)
        return of_contexts
    for tables in per_rate:
        if not isinstance(tables, list) or len(tables) != latent_channels:
            raise ManifestError(
                f'entropy_tables must hold a table for each of {latent_channels} latent channels')
    return tuple(ChannelTables.from_json(tables) for tables in per_rate)


def _check_channels(counts: list[int], latent_channels: int) -> None:
    if any(count != latent_channels for count in counts):
        raise ManifestError(
            f'entropy_tables are for {counts} channels, must be for {latent_channels}')


def _parse_bits(fields: Fields, widths: tuple[EncoderEntry, ...]) -> tuple[int, ...]:
    if fields.optional('bits') is None:
        return ()
    bits = tuple(fields.items('bits', MOST_RATES))
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


def _parse_video(
    fields: Fields, widths: tuple[EncoderEntry, ...]
) -> tuple[VideoSettings, ...]:
    if fields.optional('video') is None:
        return ()
    if without := [entry.width for entry in widths if entry.map is None]:
        raise ManifestError(f'there is video, and widths {without} have no map to steer it')
    if not fields.optional('rebuild'):
        raise ManifestError('there is video, and detect takes no picture: must have rebuild')
    return tuple(
        _parse_video_settings(Fields(entry, f'video[{rate}].'), rate)
        for rate, entry in enumerate(fields.items('video', MOST_RATES)))


def _parse_video_settings(fields: Fields, rate: int) -> VideoSettings:
    try:
        return VideoSettings(
            fields.get('long_side', int), fields.get('background', float, int),
            tuple(fields.items('offsets', MOST_LEVELS)))
    except ValueError as error:
        raise ManifestError(f'video[{rate}].{error}') from error


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
