"""
Errors of evaluation.

EvaluationError     what was asked for cannot be measured; the message says why and what to do
"""


class EvaluationError(Exception):
    """Base of everything that evaluation raises on purpose."""
