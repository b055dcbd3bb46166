"""
What can be wrong with what the control room is given.

ControlError
├── OperatingPointError   a table of operating points that no policy can use
└── SettingsError         settings that contradict themselves or leave their range
"""


class ControlError(Exception):
    """Stand for every fault of the control room."""


class OperatingPointError(ControlError):
    """Say which operating point cannot be used, and why."""


class SettingsError(ControlError):
    """Say which setting is out of range or contradicts another."""
