"""
Errors of training.

TrainingError
├── DataSetError            a COCO-style folder that cannot be trained on, named file by file
├── CheckpointError         a checkpoint that cannot be resumed or exported
├── PretrainedWeightsError  published weights that are missing or of another shape
└── RunInterruptedError     a person ended the run; a checkpoint was written
"""


class TrainingError(Exception):
    """Base of everything that training raises on purpose."""


class DataSetError(TrainingError):
    """A data set with faults; the message lists each with its file."""


class CheckpointError(TrainingError):
    """A checkpoint that does not fit; the message names the file and what to do."""


class PretrainedWeightsError(TrainingError):
    """Published weights that cannot be had; the message names the package."""


class RunInterruptedError(TrainingError):
    """A run that a person ended; the message says where the same command goes on."""
