"""
The errors of the simulation room.

SimulationError
├── SettingsError    a size, a step or a count that cannot be simulated
└── RendererError    the software renderer does not start or does not keep identities
"""


class SimulationError(Exception):
    """Be the root of every error that this room raises on purpose."""


class SettingsError(SimulationError):
    """Refuse a size, a step or a count that cannot be simulated."""


class RendererError(SimulationError):
    """Report that the software renderer does not start or does not keep identities."""
