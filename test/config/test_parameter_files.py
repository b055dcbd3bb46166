"""Do the files in config/ say what the parameter tables say?"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml


@pytest.mark.ros
@pytest.mark.parametrize('node', ['onboard', 'offboard'])
def test_file_holds_every_parameter_with_its_default(node: str, checkout: Path) -> None:
    from slim_split_ros.ros.settings.offboard_parameters import OffboardSettings
    from slim_split_ros.ros.settings.onboard_parameters import OnboardSettings

    table = {'onboard': OnboardSettings, 'offboard': OffboardSettings}[node]
    content = yaml.safe_load((checkout / 'config' / f'{node}.yaml').read_text())

    values = content[f'/**/{node}']['ros__parameters']

    assert values == {item.name: item.default for item in fields(table)}
    assert [type(value) for value in values.values()] == [
        type(item.default) for item in fields(table)]


def test_profile_carries_a_raw_colour_image_of_2560x1440(checkout: Path) -> None:
    root = ElementTree.parse(checkout / 'config' / 'fastdds_large_images.xml').getroot()
    space = '{http://www.eprosima.com}'

    segment_bytes = int(next(root.iter(f'{space}segment_size')).text or '')
    message_bytes = int(next(root.iter(f'{space}maxMessageSize')).text or '')

    assert segment_bytes > 2560 * 1440 * 3
    assert message_bytes > 640 * 480 * 3
