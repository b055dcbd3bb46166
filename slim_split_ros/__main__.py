"""`python -m slim_split_ros COMMAND`: choose the command, run it, exit with its status."""

from __future__ import annotations

import argparse
import sys

from slim_split_ros.commands import COMMANDS
from slim_split_ros.commands.missing_packages import explain_missing

_MESSAGES = 'slim_split_ros.msg'


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 done, 1 the work failed, 2 wrong use."""
    parser = argparse.ArgumentParser(
        prog='python -m slim_split_ros',
        description='Split perception over weak links: encode on the robot, detect on a server.')
    subparsers = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for command in COMMANDS.values():
        command.add_parser(subparsers)
    args = parser.parse_args(arguments)
    try:
        return COMMANDS[args.command].run(args)
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith('slim_split_ros.') and error.name != _MESSAGES:
            raise  # a fault of ours, not of the installation
        print(f'{args.command}: {explain_missing(error)}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f'{args.command}: interrupted', file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
