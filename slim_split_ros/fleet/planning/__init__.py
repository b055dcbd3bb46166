"""How many robots so much hardware serves: measured costs, arithmetic, servers in virtual time."""

from slim_split_ros.fleet.planning.arithmetic import (
    ENCODE_SHARE,
    HEADROOM,
    Air,
    Plan,
    PlannedWay,
    Question,
    Through,
    make_plan,
)
from slim_split_ros.fleet.planning.costs import Costs, FrameCost, Way, parse_costs
from slim_split_ros.fleet.planning.errors import CostsError, PlanError
from slim_split_ros.fleet.planning.servers import (
    ROBOTS_A_NODE,
    NodeRobot,
    ServerCounts,
    VirtualServers,
)

__all__ = [
    'ENCODE_SHARE', 'HEADROOM', 'ROBOTS_A_NODE', 'Air', 'Costs', 'CostsError', 'FrameCost',
    'NodeRobot', 'Plan', 'PlanError', 'PlannedWay', 'Question', 'ServerCounts', 'Through',
    'VirtualServers', 'Way', 'make_plan', 'parse_costs',
]
