"""
The errors of the detectors' room.

DetectorError
├── DetectorFileError   a file is no detector that can be used; names it and what to do
├── DetectorRunError    a detector failed on one picture
└── OutputsError        outputs are not what they were read as; becomes a DetectorRunError
"""


class DetectorError(Exception):
    """Stand for everything that this room refuses."""


class DetectorFileError(DetectorError):
    """Say in one sentence why a file cannot be used, and what to do."""


class DetectorRunError(DetectorError):
    """Say in one sentence how a detector failed on a picture."""


class OutputsError(DetectorError):
    """Say how outputs contradict how they were read, and what to do; names no file."""
