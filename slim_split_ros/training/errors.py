"""
Errors of training.

TrainingError
├── DataSetError    a COCO-style folder that cannot be trained on, named file by file
└── CheckpointError a checkpoint that cannot be resumed or exported
"""


class TrainingError(Exception):
    """Base of everything that training raises on purpose."""


class DataSetError(TrainingError):
    """A data set with faults; the message lists each with its file."""


class CheckpointError(TrainingError):
    """A checkpoint that does not fit; the message names the file and what to do."""
