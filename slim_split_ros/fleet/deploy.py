"""
Put one model on a running cluster, and end: the replicas stay.

    python -m slim_split_ros.fleet.deploy 127.0.0.1:6379 /models/robocup --replicas 2

Another model is another deployment beside it; one of the same model takes its place, replica by
replica.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
import logging
import math
import os
from pathlib import Path
import sys
from threading import Timer

from slim_split_ros.fleet.bridge import explain, explain_stranger, reach_head
from slim_split_ros.fleet.errors import ClusterError
from slim_split_ros.fleet.names import (
    Address,
    check_address,
    deployment_name,
    is_deployment_name,
    read_address,
)
from slim_split_ros.wire import load_manifest

_STDERR = 2
# Ray takes some 25 s to give up where its token is wrong, and minutes where no Ray listens.
_CONNECT_S = 60.0


def main() -> int:
    """Parse, deploy, and put what went wrong into one line."""
    arguments = _parse()
    try:
        _deploy(arguments)
    except KeyboardInterrupt:
        print('deploy: interrupted; `serve status` says what is deployed', file=sys.stderr)
        return 1
    except Exception as error:  # whatever Ray raises: one line, and the exit status
        print(f'deploy: {" ".join(str(error).split())[:500]}', file=sys.stderr)
        return 1
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Deploy one model on a running Ray cluster.')
    parser.add_argument('address', metavar='ray_address', help='host:port of the head')
    parser.add_argument('model', help='model folder, the same path on every machine')
    parser.add_argument('--replicas', type=int, default=None,
                        help='a fixed number (default: 1 to 4, by what is asked of them)')
    parser.add_argument('--name', default='',
                        help="what it is called (default: after the model's fingerprint)")
    parser.add_argument('--num-cpus', type=float, default=1.0, help='processors of a replica')
    arguments = parser.parse_args()
    if arguments.replicas is not None and arguments.replicas < 1:
        parser.error(f'--replicas is {arguments.replicas}: give 1 or more, or leave it out')
    if not 0.0 < arguments.num_cpus < math.inf:
        parser.error(f'--num-cpus is {arguments.num_cpus:g}: give a number above 0')
    if arguments.name and not is_deployment_name(arguments.name):
        parser.error(f'--name is {arguments.name!r:.80}: use letters, digits, `-`, `_` and `.`')
    return arguments


def _deploy(arguments: argparse.Namespace) -> None:
    address = read_address(arguments.address)
    check_address(address, os.environ)
    name = arguments.name or deployment_name(load_manifest(Path(arguments.model)).fingerprint)
    _connect(address, name)
    from ray import serve

    from slim_split_ros.fleet.application import ReplicaArguments, build

    # Frames come by handles: nothing listens for HTTP.
    serve.start(proxy_location='Disabled')
    application = build(ReplicaArguments(
        model=os.path.abspath(arguments.model), replicas=arguments.replicas,
        num_cpus=arguments.num_cpus))
    # Too few processors are no error of Serve's: it waits for more.
    print('deploy: waiting for the replicas; `serve status` says what for', file=sys.stderr)
    serve.run(application, name=name, route_prefix=None)
    print(name)


def _connect(address: Address, name: str) -> None:
    os.environ['RAY_USAGE_STATS_ENABLED'] = '0'
    try:
        reach_head(address)
        import ray

        with _patience(address):
            ray.init(address=str(address), namespace='serve', log_to_driver=False,
                     logging_level=logging.ERROR)
    except Exception as error:  # whatever Ray raises, in words of this package
        raise ClusterError(explain(error, address, name)) from error


@contextmanager
def _patience(address: Address) -> Iterator[None]:
    """Leave out Ray's warnings of each try to connect, written past Python; end it in the end."""
    stderr = os.dup(_STDERR)

    def give_up() -> None:
        os.write(stderr, f'deploy: {explain_stranger(address)}\n'.encode())
        os._exit(1)  # the call that hangs is not Python's

    limit = Timer(_CONNECT_S, give_up)
    limit.daemon = True
    limit.start()
    with open(os.devnull, 'wb') as nowhere:
        os.dup2(nowhere.fileno(), _STDERR)
    try:
        yield
    finally:
        limit.cancel()
        os.dup2(stderr, _STDERR)
        os.close(stderr)


if __name__ == '__main__':
    sys.exit(main())
