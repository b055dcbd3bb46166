"""
Which errors can the coders raise? One family, drawn below.

CoderError
├── CoderMissingError   video cannot be coded or decoded on this machine
├── VideoEncodingError  an image that the video encoder does not take
└── StreamError         a payload that is not the picture that its header announces
    └── MissingReferenceError  a frame that needs another, which was not decoded
"""

from __future__ import annotations


class CoderError(Exception):
    """Say that a picture cannot be coded or decoded; catch this to drop the frame."""


class CoderMissingError(CoderError):
    """Say what is not installed, and what to do."""


class VideoEncodingError(CoderError):
    """Say what FFmpeg said to an image."""


class StreamError(CoderError):
    """Tell why a payload does not hold the picture that its header announces."""


class MissingReferenceError(StreamError):
    """Name the frame that was not decoded, without which this one cannot be."""
