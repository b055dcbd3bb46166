"""
Find this virtual environment's messages beside a sourced ROS.

Set-up copies this file into a virtual environment over a sourced ROS, where the interpreter
imports it at start. Type supports are opened by name at run time, so the folder has to be on the
library path before the process begins: the interpreter replaces itself once.
"""

import os
import sys


def enter() -> None:
    """Put the virtual environment in front of the sourced prefixes, once a process tree."""
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '')
    if not prefixes or sys.prefix in prefixes.split(os.pathsep):
        return
    libraries = os.environ.get('LD_LIBRARY_PATH', '')
    os.environ['AMENT_PREFIX_PATH'] = os.pathsep.join([sys.prefix, prefixes])
    os.environ['LD_LIBRARY_PATH'] = os.pathsep.join(
        filter(None, [os.path.join(sys.prefix, 'lib'), libraries]))
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


enter()
