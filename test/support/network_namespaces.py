"""What runs in network namespaces, and whether this machine gives any."""

import os
import shutil
import subprocess

import psutil
import pytest

from slim_split_ros.linklab.namespaces import TOOLS, why_no_loss


def processes_in(*namespaces: str) -> list[psutil.Process]:
    """Give the processes inside."""
    said = [subprocess.run(['ip', 'netns', 'pids', name], check=False, capture_output=True,
                           text=True).stdout for name in namespaces]
    return [psutil.Process(int(number)) for number in ' '.join(said).split()
            if psutil.pid_exists(int(number))]


def namespace_names() -> set[str]:
    """Give the names of all that are there."""
    listed = subprocess.run(['ip', 'netns', 'list'], check=True, capture_output=True, text=True)
    return {line.split()[0] for line in listed.stdout.splitlines()}


def _can_make_namespaces() -> bool:
    if os.geteuid() != 0 or any(shutil.which(tool) is None for tool in TOOLS):
        return False
    name = f'slim_probe_{os.getpid()}'
    made = subprocess.run(['ip', 'netns', 'add', name], check=False, capture_output=True)
    subprocess.run(['ip', 'netns', 'delete', name], check=False, capture_output=True)
    return made.returncode == 0


def namespaces_cannot_lose() -> str:
    """Give the reason, empty where they can or where there are none anyway."""
    return why_no_loss() if _can_make_namespaces() else ''


needs_root = pytest.mark.skipif(
    not _can_make_namespaces(), reason='network namespaces need root and iproute2')
