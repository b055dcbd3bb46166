"""
The errors of running the nodes for a demo.

RosError
└── DemoError   the demo cannot go on; the sentence says what happened and where to look
"""

from slim_split_ros.ros.errors import RosError


class DemoError(RosError):
    """Say in one line why the demo cannot go on and where to look."""
