"""The parameters of the onboard node, and which values go together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slim_split_ros.control import ControlSettings, PolicyName
from slim_split_ros.ros.errors import SettingError
from slim_split_ros.ros.settings.key_file import AUTH_KEY_EXAMPLE, AUTH_KEY_MEANING
from slim_split_ros.ros.settings.parameters import check_rules, parameter
from slim_split_ros.weights import DEFAULT_MODELS, SHIPPED_MODELS

CODECS = tuple(DEFAULT_MODELS)
POLICIES = ('auto', 'paper', 'aimd')
TRANSPORTS = ('raw', 'compressed')
SHIPPED = 'shipped'
CODEC_MEANING = (
    'shipped model that runs where `model` names none, on both sides the same: slim, or ensemble '
    'for the one of the founding paper')
MODEL_MEANING = (
    f'{", ".join(SHIPPED_MODELS)} (shipped models), the folder of another, as train writes it, or '
    f'a file in it; {SHIPPED}: that of the codec, {DEFAULT_MODELS["slim"]} of slim')
AUTOSTART_MEANING = (
    'true: load the model and begin; false: wait for the transitions configure and activate')

_WIDTH_NAMES = ('width', 'min_width', 'max_width')
_MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class OnboardSettings:
    """Hold one valid state of the onboard node's parameters."""

    width: float = parameter(
        0.0, 'share of the encoder that runs, the nearest that the model has; 0.0 lets the policy '
        'choose',
        low=0.0, high=1.0, step=0.25)
    codec: str = parameter(
        'slim', CODEC_MEANING, choices=CODECS, read_only=True)
    policy: str = parameter(
        'auto', 'who chooses the width while `width` is 0.0', choices=POLICIES)
    deadline_ms: int = parameter(
        300, 'from the stamp of the camera to detections back at the robot, milliseconds',
        low=20, high=10_000, step=1)
    target_fps: float = parameter(
        10.0, 'frames offered to the link per second at most', low=0.1, high=60.0, step=0.1)
    min_width: float = parameter(
        0.25, 'narrowest width that the policy may choose', low=0.25, high=1.0, step=0.25)
    max_width: float = parameter(
        1.0, 'widest width that the policy may choose', low=0.25, high=1.0, step=0.25)
    max_bitrate_kbps: int = parameter(
        0, 'ceiling over every estimate of the link, kbit/s; 0: none',
        low=0, high=20_000, step=1)
    datagram_bytes: int = parameter(
        1200, 'largest chunk, bytes; no effect yet, as every frame travels in one message',
        low=256, high=65_000, step=1, read_only=True)
    image_transport: str = parameter(
        'raw', 'raw reads `image`, compressed reads `image/compressed`',
        choices=TRANSPORTS, read_only=True)
    model: str = parameter(
        SHIPPED, MODEL_MEANING, read_only=True)
    threads: int = parameter(
        1, 'processor threads of the encoder', low=1, high=16, step=1, read_only=True)
    alone: bool = parameter(
        False, 'true: every frame decodes without any other, for recordings and, without a key, '
        'several servers')
    keep_folder: str = parameter(
        '~/slim_split_frames',
        'where the service keep_frames puts camera images from its next call on')
    keep_fps: float = parameter(
        1.0, 'images kept per second', low=0.1, high=30.0, step=0.1)
    keep_most_frames: int = parameter(
        600, 'images kept at most, then keeping ends', low=1, high=100_000, step=1)
    keep_most_mb: int = parameter(
        500, 'megabytes kept at most, then keeping ends', low=1, high=100_000, step=1)
    auth_key_file: str = parameter(
        '', AUTH_KEY_MEANING, read_only=True, example=AUTH_KEY_EXAMPLE)
    autostart: bool = parameter(
        True, AUTOSTART_MEANING, read_only=True)

    def __post_init__(self) -> None:
        check_rules(self)
        if not self.keep_folder.strip():
            # Empty it would be whatever folder the process happened to be started in.
            raise SettingError(f'keep_folder is {self.keep_folder!r}: name a folder, such as '
                               '~/slim_split_frames')
        if self.min_width > self.max_width:
            raise SettingError(
                f'min_width {self.min_width} is above max_width {self.max_width}: exchange them')
        if self.width and not self.min_width <= self.width <= self.max_width:
            raise SettingError(
                f'width {self.width} lies outside min_width {self.min_width} to max_width '
                f'{self.max_width}: pin one inside, or set the width alone')


def follow_widths(present: OnboardSettings, wanted: Mapping[str, Any]) -> dict[str, float]:
    """
    Give the widths that make way for those of a request: the slider moved last wins.

    >>> follow_widths(OnboardSettings(width=0.5), {'min_width': 0.75})
    {'width': 0.75}
    >>> follow_widths(OnboardSettings(max_width=0.5), {'width': 1.0})
    {'max_width': 1.0}
    """
    given = {name: wanted[name] for name in _WIDTH_NAMES if name in wanted}
    now = {name: getattr(present, name) for name in _WIDTH_NAMES}
    after = now | given
    pinned = [given['width']] if given.get('width') else []
    if 'min_width' not in given:
        after['min_width'] = min(after['min_width'], after['max_width'], *pinned)
    if 'max_width' not in given:
        after['max_width'] = max(after['min_width'], after['max_width'], *pinned)
    if after['width'] and 'width' not in given:
        after['width'] = min(max(after['width'], after['min_width']), after['max_width'])
    return {name: value for name, value in after.items()
            if name not in given and value != now[name]}


def control_settings(settings: OnboardSettings) -> ControlSettings:
    """Translate parameters for the controller."""
    return ControlSettings(
        policy=PolicyName(settings.policy), deadline_s=settings.deadline_ms / _MS_PER_S,
        target_fps=settings.target_fps, min_width=settings.min_width,
        max_width=settings.max_width, max_bitrate_kbps=float(settings.max_bitrate_kbps),
        pinned_width=settings.width, alone=settings.alone)
