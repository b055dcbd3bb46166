"""
Which errors can the fleet's side raise? One family, drawn below.

FleetError
├── AddressError  a cluster that this node must not connect to
├── BridgeError   a bridge to the cluster that ended, hangs or says nonsense: a new one follows
├── ClusterError  a cluster that does not start, cannot be reached, or takes no deployment
├── MessageError  bytes between node and replica that are no request or answer
└── RefusedError  a replica could not serve a frame, for a reason that this version has no name for
"""

from __future__ import annotations


class FleetError(Exception):
    """Say that a frame, or every frame, cannot be served by the cluster."""


class AddressError(FleetError):
    """Name the address, and what has to be set before it is used."""


class BridgeError(FleetError):
    """Say why a bridge is given up, in a sentence for whoever looks at the node."""


class ClusterError(FleetError):
    """Repeat the last thing that it said, or say what to do."""


class MessageError(FleetError):
    """Say what of the bytes is not as it must be."""


class RefusedError(FleetError):
    """Repeat what the replica said."""
