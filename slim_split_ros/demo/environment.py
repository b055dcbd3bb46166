"""
Variables with which the processes of a demo find one another, and nobody else.

It only reads; whoever starts processes passes the variables on.
"""

from collections.abc import Mapping
from pathlib import Path
import random
import socket

from slim_split_ros.demo.errors import DemoError
from slim_split_ros.ros.topics.shared_memory import PROFILE_VARIABLES

PROFILE = Path('config') / 'fastdds_large_images.xml'
# Domains up to 101 keep their ports clear of the ephemeral ones on every system:
# https://docs.ros.org/en/jazzy/Concepts/Intermediate/About-Domain-ID.html
_DOMAINS = range(1, 102)
# RTPS 2.3, 9.6.1.1: participant 0 of a domain hears discovery at 7400 + 250 * domain + 10.
_PORT_BASE, _PORT_GAIN, _UNICAST_OFFSET = 7400, 250, 10


def demo_environment(inherited: Mapping[str, str], log_folder: Path) -> dict[str, str]:
    """Return the variables of the demo's processes: a quiet domain, this machine, large images."""
    profile = str(find_profile())
    # Deprecated, and stronger than the range below.
    kept = {name: value for name, value in inherited.items() if name != 'ROS_LOCALHOST_ONLY'}
    return kept | {
        'ROS_DOMAIN_ID': str(quiet_domain()),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'ROS_LOG_DIR': str(log_folder),
        'PYTHONUNBUFFERED': '1',
    } | dict.fromkeys(PROFILE_VARIABLES, profile)


def find_profile() -> Path:
    """Return the file that lets Fast DDS carry raw images, of the checkout or the installation."""
    in_checkout = Path(__file__).resolve().parents[2] / PROFILE
    return in_checkout if in_checkout.is_file() else _installed_profile()


def quiet_domain() -> int:
    """Return a domain in which nobody on this machine listens, at random among those."""
    quiet = [domain for domain in _DOMAINS if _is_quiet(domain)]
    if not quiet:
        raise DemoError(f'every ROS domain from {_DOMAINS[0]} to {_DOMAINS[-1]} is in use on this '
                        'machine: end some nodes')
    return random.choice(quiet)


def _installed_profile() -> Path:
    from ament_index_python.packages import get_package_share_path

    return get_package_share_path('slim_split_ros') / PROFILE


def _is_quiet(domain: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', _PORT_BASE + _PORT_GAIN * domain + _UNICAST_OFFSET))
        except OSError:
            return False
    return True
