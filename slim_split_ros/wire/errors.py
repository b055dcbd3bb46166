"""
The errors that bytes, messages and model folders raise: one family, drawn below.

WireError
├── FieldError         a field of a frame or of a link report is out of its range
│   └── GeometryError  sizes of image and network input that do not belong together
├── ChecksumError      header and payload are not what the sender sealed
├── DistrustError      a sound message that a side with a key does not believe
│   ├── UnauthenticatedError  no holder of the key made it, or one where no key is
│   ├── ReplayedError         it came before, or on another topic
│   └── UnprovenError         a frame that may be a recording from before the server started
├── KeyFormatError     a text that holds no key
├── PayloadError       a payload that is cut, oversized, unknown or inconsistent
├── PictureError       a JPEG or PNG that is cut short, damaged or too large
└── ManifestError      a model folder that is missing, damaged or of another format
"""

from __future__ import annotations


class WireError(Exception):
    """Say that something from outside cannot be used; catch this to drop a frame."""


class FieldError(WireError):
    """Name the field of a message that is out of range, its value and the limit."""


class GeometryError(FieldError):
    """Name the sizes of image and network input that do not belong together."""


class ChecksumError(WireError):
    """Tell that a frame changed on its way."""


class DistrustError(WireError):
    """Say why a message whose fields are sound is not believed."""


class UnauthenticatedError(DistrustError):
    """Say that a tag is missing, of another key, or one that nobody here can check."""


class ReplayedError(DistrustError):
    """Say that a message came before, or is one of another topic."""


class UnprovenError(DistrustError):
    """Say that a frame does not show that it was made since this server started."""


class KeyFormatError(WireError):
    """Say why a text holds no key."""


class PayloadError(WireError):
    """Tell why a payload does not hold the symbols that its header announces."""


class PictureError(WireError):
    """Tell why a compressed picture is not worth decoding."""


class ManifestError(WireError):
    """Name the file of a model folder that is unusable, and what to do."""
