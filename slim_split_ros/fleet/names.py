"""
Where is the cluster, and what is what called there? Names that both sides work out alike.

Whoever reaches the ports of a Ray cluster runs code on it, so an address beyond this machine
needs the cluster's token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import ipaddress
import re

from slim_split_ros.fleet.errors import AddressError

DEFAULT_ADDRESS = '127.0.0.1:6379'
# A few robots share one; names of places travel with requests, and may become labels of metrics.
VIDEO_PLACES = 64
_NAME = re.compile(r'[A-Za-z0-9_.-]{1,64}')
# Without brackets, the port of an IPv6 address could be a part of it.
_ADDRESS = re.compile(r'(?:\[(?P<ipv6>[^][]+)\]|(?P<host>[^][:\s]+)):(?P<port>[0-9]{1,5})')
_MOST_PORT = 2**16 - 1


@dataclass(frozen=True, slots=True)
class Address:
    """Hold where a cluster's head listens."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this machine reaches it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == 'localhost'

    def __str__(self) -> str:
        return f'[{self.host}]:{self.port}' if ':' in self.host else f'{self.host}:{self.port}'


def read_address(text: str) -> Address:
    """Return the address of `host:port` or `[IPv6]:port`; raise AddressError for anything else."""
    found = _ADDRESS.fullmatch(text)
    if not found or not 0 < int(found['port']) <= _MOST_PORT:
        raise AddressError(f'ray_address is {text!r:.80}: give host:port of the head, such as '
                           f'{DEFAULT_ADDRESS}, or [IPv6]:port')
    return Address(found['ipv6'] or found['host'], int(found['port']))


def check_address(address: Address, environment: Mapping[str, str]) -> None:
    """
    Refuse a cluster beyond this machine unless a token guards it.

    Ray reads the same variable, then wants a token, and refuses whoever has another one. Raises
    AddressError.
    """
    if not address.is_loopback and environment.get('RAY_AUTH_MODE') != 'token':
        raise AddressError(
            f'ray_address is {address}, which is not this machine: whoever '
            'reaches the ports of a Ray cluster runs code on it. Set RAY_AUTH_MODE=token and '
            'RAY_AUTH_TOKEN_PATH here and on every machine of the cluster (docs/fleet.md)')


def deployment_name(fingerprint: int) -> str:
    """
    Return what the deployment of a model is called, and its application.

    >>> deployment_name(0x1234)
    'detect-0000000000001234'
    """
    return f'detect-{fingerprint:016x}'


def is_deployment_name(text: str) -> bool:
    """Say whether a text can be the name of a deployment."""
    return bool(_NAME.fullmatch(text))


def video_place(key: int) -> str:
    """Return the name under which one replica keeps a robot's video."""
    return f'video{key % VIDEO_PLACES}'
