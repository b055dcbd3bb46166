"""
Errors of planning a fleet.

PlanError            a fleet that cannot be planned
└── CostsError       a file of measured costs that cannot be used
"""


class PlanError(Exception):
    """Say what cannot be planned, and what to do."""


class CostsError(PlanError):
    """Name the file, what of it is wrong, and what to do."""
