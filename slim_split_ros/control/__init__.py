"""
The control room: link estimate, operating points and policies, in pure Python.

`WidthController` is the door; the rest are the values that pass through it.
"""

from slim_split_ros.control.controller import WidthController
from slim_split_ros.control.decision import Decision, Reason
from slim_split_ros.control.errors import ControlError, OperatingPointError, SettingsError
from slim_split_ros.control.link.arrivals import Arrival, LinkReportData
from slim_split_ros.control.operating_points import OperatingPoint, OperatingPoints
from slim_split_ros.control.points_document import parse_operating_points, unmeasured_points
from slim_split_ros.control.settings import ControlSettings, PolicyName

__all__ = [
    'Arrival', 'ControlError', 'ControlSettings', 'Decision', 'LinkReportData',
    'OperatingPoint', 'OperatingPointError', 'OperatingPoints', 'PolicyName', 'Reason',
    'SettingsError', 'WidthController', 'parse_operating_points', 'unmeasured_points',
]
