"""
The control room: link estimate, operating points and policies, in pure Python.

`WidthController` is the door; the rest are the values that pass through it.
"""

from slim_split_ros.control.controller import WidthController
from slim_split_ros.control.decision import LATE, Action, Decision, Reason
from slim_split_ros.control.errors import ControlError, OperatingPointError, SettingsError
from slim_split_ros.control.link.arrivals import Arrival, LinkReportData
from slim_split_ros.control.link.report_guard import OtherReceiver
from slim_split_ros.control.operating_points import (
    CODERS,
    OperatingPoint,
    OperatingPoints,
    PointName,
    point_label,
)
from slim_split_ros.control.points_document import parse_operating_points, unmeasured_points
from slim_split_ros.control.settings import ControlSettings, PolicyName

__all__ = [
    'CODERS', 'LATE', 'Action', 'Arrival', 'ControlError', 'ControlSettings', 'Decision',
    'LinkReportData', 'OperatingPoint', 'OperatingPointError', 'OperatingPoints', 'OtherReceiver',
    'PointName', 'PolicyName', 'Reason', 'SettingsError', 'WidthController',
    'parse_operating_points', 'point_label', 'unmeasured_points',
]
