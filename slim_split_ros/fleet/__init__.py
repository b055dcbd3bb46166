"""A fleet beyond one server: replicas on a Ray cluster, the plan of it; this imports no Ray."""

from slim_split_ros.fleet.errors import AddressError, FleetError
from slim_split_ros.fleet.names import (
    DEFAULT_ADDRESS,
    Address,
    check_address,
    deployment_name,
    is_deployment_name,
    read_address,
)

__all__ = [
    'DEFAULT_ADDRESS',
    'Address',
    'AddressError',
    'FleetError',
    'check_address',
    'deployment_name',
    'is_deployment_name',
    'read_address',
]
