"""Tests of the files that deploy a model: they are what Serve and `build` take."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import yaml

schema = pytest.importorskip('ray.serve.schema', reason='ray is not here: requirements/fleet.txt')


def application_of(config: str) -> Any:
    checked = schema.ServeDeploySchema.model_validate(yaml.safe_load(config))
    (application,) = checked.applications
    return application


@pytest.fixture(params=['fleet_serve.yaml', 'fleet_kuberay.yaml'])
def config(request: pytest.FixtureRequest, checkout: Path) -> str:
    text = (checkout / 'config' / request.param).read_text()
    return yaml.safe_load(text)['spec']['serveConfigV2'] if 'kuberay' in request.param else text


def test_a_file_is_what_serve_takes_and_opens_no_port(config: str) -> None:
    application_of(config)

    assert yaml.safe_load(config)['proxy_location'] == 'Disabled'
    assert yaml.safe_load(config)['applications'][0]['route_prefix'] is None


def test_its_arguments_are_what_the_application_takes(config: str, tiny_bundle: Path) -> None:
    from slim_split_ros.fleet.application import ReplicaArguments, build

    application = application_of(config)

    assert application.import_path == f'{build.__module__}:{build.__name__}'
    # By which Serve knows what to make of the file's arguments.
    assert signature(build).parameters['arguments'].annotation is ReplicaArguments
    build(ReplicaArguments(**{**application.args, 'model': str(tiny_bundle)}))


def test_the_example_for_kubernetes_has_the_tested_ray_and_room_for_a_replica(
    checkout: Path
) -> None:
    text = (checkout / 'config' / 'fleet_kuberay.yaml').read_text()
    cluster = yaml.safe_load(text)['spec']['rayClusterConfig']
    (workers,) = cluster['workerGroupSpecs']
    (container,) = workers['template']['spec']['containers']
    requirement = (checkout / 'requirements' / 'fleet.txt').read_text().splitlines()[-1]

    version = cluster['rayVersion'].rsplit('.', 1)[0]
    assert requirement == f'ray[serve]=={version}.*'
    assert int(container['resources']['limits']['cpu']) >= 1
    assert {'name': 'RAY_AUTH_MODE', 'value': 'token'} in container['env']
