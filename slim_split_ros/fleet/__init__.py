"""Decoding and detecting on the replicas of a Ray cluster; what imports Ray is not named here."""

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
