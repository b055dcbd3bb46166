"""Do the processes of a demo get a domain of their own and the profile for large images?"""

import socket

import pytest

from slim_split_ros.demo import environment
from slim_split_ros.demo.errors import DemoError


def test_variables_keep_the_traffic_here_and_let_images_through(tmp_path, checkout):
    inherited = {'PATH': '/bin', 'ROS_LOCALHOST_ONLY': '1', 'ROS_DOMAIN_ID': '0'}

    variables = environment.demo_environment(inherited, tmp_path)

    profile = str(checkout / 'config' / 'fastdds_large_images.xml')
    assert variables['PATH'] == '/bin'
    assert variables['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert variables['ROS_DOMAIN_ID'] != '0'
    assert variables['FASTRTPS_DEFAULT_PROFILES_FILE'] == profile
    assert variables['FASTDDS_DEFAULT_PROFILES_FILE'] == profile
    assert 'ROS_LOCALHOST_ONLY' not in variables


def test_domain_in_which_somebody_listens_is_left_out(monkeypatch):
    monkeypatch.setattr(environment, '_DOMAINS', range(90, 92))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(('', 7400 + 250 * 90 + 10))

        assert {environment.quiet_domain() for _ in range(5)} == {91}


def test_machine_without_a_quiet_domain_is_told_so(monkeypatch):
    monkeypatch.setattr(environment, '_DOMAINS', range(90, 91))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(('', 7400 + 250 * 90 + 10))

        with pytest.raises(DemoError, match='every ROS domain from 90 to 90 is in use'):
            environment.quiet_domain()
