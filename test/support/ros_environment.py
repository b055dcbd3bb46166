"""Which variables keep a test run's ROS traffic to itself? It starts nothing."""

from __future__ import annotations

import os
from pathlib import Path
import socket

# Domains up to 101 keep their ports clear of the ephemeral ones on every system:
# https://docs.ros.org/en/jazzy/Concepts/Intermediate/About-Domain-ID.html
HIGHEST_DOMAIN = 101
# RTPS 2.3, 9.6.1.1: port of the discovery multicast is 7400 + 250 * domain.
PORT_BASE, PORT_GAIN = 7400, 250


def isolate_ros(profile: Path) -> dict[str, str]:
    """Give the variables for this process and its children; ROS_DOMAIN_ID is kept if set."""
    domain = os.environ.get('ROS_DOMAIN_ID') or str(_free_domain())
    return {
        'ROS_DOMAIN_ID': domain,
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        # Jazzy reads the first, later distributions the second.
        'FASTRTPS_DEFAULT_PROFILES_FILE': str(profile),
        'FASTDDS_DEFAULT_PROFILES_FILE': str(profile),
    }


def _free_domain() -> int:
    first = 1 + os.getpid() % HIGHEST_DOMAIN
    domains = [*range(first, HIGHEST_DOMAIN + 1), *range(1, first)]
    return next(domain for domain in domains if _is_quiet(domain))


def _is_quiet(domain: int) -> bool:
    # Participant 0 of a domain listens for unicast discovery at base + gain * domain + 10.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', PORT_BASE + PORT_GAIN * domain + 10))
        except OSError:
            return False
    return True
