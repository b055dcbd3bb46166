"""Parameters of the nodes that publish images: simulated, recorded, from a device."""

from dataclasses import dataclass

from slim_split_ros.ros.errors import SettingError
from slim_split_ros.ros.settings.parameters import check_rules, parameter


@dataclass(frozen=True, slots=True)
class SimCameraSettings:
    """Hold the parameters of the simulated camera."""

    seed: int = parameter(
        0, 'which hall; the same seed gives the same frames', low=0, high=2**31 - 1,
        step=1, read_only=True)
    fps: float = parameter(10.0, 'frames per second', low=0.1, high=60.0, step=0.1, read_only=True)
    width: int = parameter(640, 'image width, pixels', low=64, high=1920, step=1, read_only=True)
    height: int = parameter(480, 'image height, pixels', low=64, high=1200, step=1, read_only=True)
    frame_id: str = parameter('camera', 'frame_id of every header', read_only=True)

    def __post_init__(self) -> None:
        check_rules(self)


@dataclass(frozen=True, slots=True)
class FileCameraSettings:
    """Hold the parameters of the node that publishes a folder, a video or a device."""

    source: str = parameter(
        '', 'folder of images, video file, or video device such as /dev/video0',
        read_only=True, example='/dev/video0')
    fps: float = parameter(
        0.0, 'frames per second; 0: the rate of the video, 10 for a folder', low=0.0, high=240.0,
        step=0.01, read_only=True)
    loop: bool = parameter(
        True, 'start a folder or a video again when it ends', read_only=True)
    frame_id: str = parameter('camera', 'frame_id of every header', read_only=True)

    def __post_init__(self) -> None:
        check_rules(self)
        if not self.source:
            raise SettingError('source is empty: name a folder, a video file or /dev/video0')


@dataclass(frozen=True, slots=True)
class BagCameraSettings:
    """Hold the parameters of the node that publishes the images of a bag."""

    bag: str = parameter(
        '', 'bag folder, or .mcap, .db3 or .bag file', read_only=True, example='/data/run1.mcap')
    topic: str = parameter(
        '', 'topic of the images; empty: the only one that is not depth', read_only=True,
        example='/camera/image_raw')
    speed: float = parameter(
        1.0, 'how much faster than recorded', low=0.01, high=100.0, step=0.01,
        read_only=True)
    loop: bool = parameter(False, 'start the bag again when it ends', read_only=True)
    wait_s: float = parameter(
        5.0, 'longest wait for a subscriber before the first image, seconds',
        low=0.0, high=3600.0, step=0.1, read_only=True)
    restamp: bool = parameter(
        True, 'stamp images with the time of publishing instead of the recorded one; no effect '
        'with `clock`', read_only=True)
    clock: bool = parameter(
        False, 'publish /clock with the time of the recording, for nodes with use_sim_time',
        read_only=True)

    def __post_init__(self) -> None:
        check_rules(self)
        if not self.bag:
            raise SettingError('bag is empty: name a bag folder or an .mcap, .db3 or .bag file')
