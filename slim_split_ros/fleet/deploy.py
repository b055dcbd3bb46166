"""
Put one model on a running cluster, and end: the replicas stay.

    python -m slim_split_ros.fleet.deploy 127.0.0.1:6379 /models/robocup --replicas 2

Another model is another deployment beside it; one of the same model takes its place, replica by
replica.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
import sys


def main() -> int:
    """Parse, deploy, and put what went wrong into one line."""
    parser = argparse.ArgumentParser(description='Deploy one model on a running Ray cluster.')
    parser.add_argument('address', help='host:port of the head')
    parser.add_argument('model', help='model folder, the same path on every machine')
    parser.add_argument('--replicas', type=int, default=None,
                        help='a fixed number (default: 1 to 4, by what is asked of them)')
    parser.add_argument('--name', default='',
                        help="what it is called (default: after the model's fingerprint)")
    parser.add_argument('--num-cpus', type=float, default=1.0, help='processors of a replica')
    arguments = parser.parse_args()
    try:
        _deploy(arguments)
    except Exception as error:  # whatever Ray raises: one line, and the exit status
        print(f'deploy: {" ".join(str(error).split())[:500]}', file=sys.stderr)
        return 1
    return 0


def _deploy(arguments: argparse.Namespace) -> None:
    os.environ['RAY_USAGE_STATS_ENABLED'] = '0'
    import ray
    from ray import serve

    from slim_split_ros.fleet.application import ReplicaArguments, build
    from slim_split_ros.fleet.names import check_address, deployment_name, read_address
    from slim_split_ros.wire import load_manifest

    check_address(read_address(arguments.address), os.environ)
    ray.init(address=arguments.address, namespace='serve', log_to_driver=False)
    # Frames come by handles: nothing listens for HTTP.
    serve.start(proxy_location='Disabled')
    application = build(ReplicaArguments(
        model=os.path.abspath(arguments.model), replicas=arguments.replicas,
        num_cpus=arguments.num_cpus))
    name = arguments.name or deployment_name(load_manifest(Path(arguments.model)).fingerprint)
    serve.run(application, name=name, route_prefix=None)
    print(name)


if __name__ == '__main__':
    sys.exit(main())
