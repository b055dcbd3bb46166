import pytest

from slim_split_ros.control.errors import SettingsError
from slim_split_ros.control.settings import ControlSettings, PolicyName


@pytest.mark.parametrize('wrong', [
    {'deadline_s': 0.0}, {'deadline_s': float('nan')}, {'target_fps': -1.0},
    {'min_width': 0.75, 'max_width': 0.5}, {'max_bitrate_kbps': float('inf')},
    {'pinned_width': 2.0}, {'policy': PolicyName.FIXED}])
def test_settings_that_contradict_themselves_are_refused(wrong: dict) -> None:
    with pytest.raises(SettingsError):
        ControlSettings(**wrong)


def test_defaults_are_valid() -> None:
    assert ControlSettings().policy is PolicyName.AUTO
