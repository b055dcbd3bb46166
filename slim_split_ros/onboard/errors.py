"""
Which errors can the robot's side raise? One family, drawn below.

OnboardError
├── ImageError               an image whose fields contradict each other, or that cannot be decoded
│   └── EncodingError    an encoding that nothing installed here can read
└── EncoderError             an encoder that does not load, or a width or rate that it lacks
"""

from __future__ import annotations


class OnboardError(Exception):
    """Say that an image cannot become a payload; catch this to drop the frame."""


class ImageError(OnboardError):
    """Name the field of an image that is wrong, its value and the limit."""


class EncodingError(ImageError):
    """Name the encoding, and those that are supported."""


class EncoderError(OnboardError):
    """Name the model file, width or rate that cannot be used, and what to do."""
