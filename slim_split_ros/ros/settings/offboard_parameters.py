"""The parameters of the offboard node, and which values are good."""

from dataclasses import dataclass
import re

from slim_split_ros.fleet import DEFAULT_ADDRESS, AddressError, is_deployment_name, read_address
from slim_split_ros.ros.errors import SettingError
from slim_split_ros.ros.settings.key_file import AUTH_KEY_EXAMPLE, AUTH_KEY_MEANING
from slim_split_ros.ros.settings.onboard_parameters import (
    AUTOSTART_MEANING,
    CODEC_MEANING,
    CODECS,
    MODEL_MEANING,
    SHIPPED,
)
from slim_split_ros.ros.settings.parameters import check_rules, parameter
from slim_split_ros.ros.topics.namespaces import read_robots
from slim_split_ros.wire.answer import MOST_DETECTIONS

NO_DETECTOR = 'none'
LOCAL, RAY = 'local', 'ray'
_DEVICE = re.compile(r'auto|cpu|cuda(:\d+)?')


@dataclass(frozen=True, slots=True)
class OffboardSettings:
    """Hold one valid state of the offboard node's parameters."""

    device: str = parameter(
        'auto', 'auto, cpu, cuda or cuda:N; auto takes a GPU where torch, safetensors and one are '
        'there',
        read_only=True)
    detector: str = parameter(
        SHIPPED, 'shipped, none (pictures alone), or the ONNX file of a detector',
        read_only=True)
    score_threshold: float = parameter(
        0.3, 'detections below this score are not published', low=0.0, high=1.0,
        step=0.01)
    max_detections: int = parameter(
        100, 'detections per frame at most, the best ones', low=1,
        high=MOST_DETECTIONS, step=1)
    codec: str = parameter(
        'slim', CODEC_MEANING, choices=CODECS, read_only=True)
    model: str = parameter(
        SHIPPED, MODEL_MEANING, read_only=True)
    auth_key_file: str = parameter(
        '', AUTH_KEY_MEANING, read_only=True, example=AUTH_KEY_EXAMPLE)
    robots: str = parameter(
        '', 'namespaces of the robots that are served, such as robot1,robot2/front, or patterns '
        "such as '*'; if none: that of this node", read_only=True, example='robot1,robot2')
    backend: str = parameter(
        LOCAL, 'where frames are decoded and detected in: local (this process), or ray (replicas '
        'of a Ray cluster, docs/fleet.md)', choices=(LOCAL, RAY), read_only=True)
    ray_address: str = parameter(
        DEFAULT_ADDRESS, 'host:port of the head of the Ray cluster; one that is not this machine '
        'needs RAY_AUTH_MODE=token', read_only=True)
    deployment: str = parameter(
        '', 'name of the deployment in the cluster; if none: the one of this model',
        read_only=True, example='my_model')
    fallback: bool = parameter(
        True, 'serve in this process while the cluster cannot', read_only=True)
    autostart: bool = parameter(
        True, AUTOSTART_MEANING, read_only=True)

    def __post_init__(self) -> None:
        check_rules(self)
        if not _DEVICE.fullmatch(self.device):
            raise SettingError(
                f'device is {self.device!r}: choose auto, cpu, cuda or cuda:N')
        if self.deployment and not is_deployment_name(self.deployment):
            raise SettingError(
                f'deployment is {self.deployment!r:.80}: use letters, digits, `-`, `_` and `.`')
        try:
            read_address(self.ray_address)
        except AddressError as error:
            raise SettingError(str(error)) from error
        try:
            read_robots(self.robots)
        except ValueError as error:
            raise SettingError(str(error)) from error
