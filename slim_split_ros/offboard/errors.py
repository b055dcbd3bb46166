"""
Which errors can the server's side raise? One family, drawn below.

OffboardError
├── FrameMismatchError            a sound frame that does not belong to this server's model
│   └── FingerprintMismatchError  another model encoded it
├── ReferenceLostError            a sound frame whose reference was not decoded
├── VideoMissingError             a frame of video where video cannot be decoded
└── ServerError                   a model file or device that cannot be used
"""

from __future__ import annotations


class OffboardError(Exception):
    """Say that a frame, or every frame, cannot be served."""


class FrameMismatchError(OffboardError):
    """Name the header field that does not fit the model, its value and what would."""


class FingerprintMismatchError(FrameMismatchError):
    """Name both models' fingerprints."""


class ReferenceLostError(OffboardError):
    """Name the frame that was not decoded."""


class VideoMissingError(OffboardError):
    """Say what is not installed here, and what to do."""


class ServerError(OffboardError):
    """Name the model file or device that cannot be used, and what to do."""
