"""
The errors of the ROS room.

RosError
├── StartError      a node cannot start; the sentence says what is wrong and what to do
└── SettingError    parameter values that are wrong, or do not go together
"""


class RosError(Exception):
    """Stand for everything that this room refuses."""


class StartError(RosError):
    """Say in one line why a node cannot start and what to do."""


class SettingError(RosError):
    """Say in one sentence why parameter values are refused."""
