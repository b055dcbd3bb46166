"""
Undamaged camera images, kept on the robot for later: for `adapt`, which learns from them.

    ros2 service call /onboard/keep_frames std_srvs/srv/SetBool "{data: true}"
"""

import contextlib
from dataclasses import dataclass
from datetime import datetime
import os
from pathlib import Path
import shutil

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_srvs.srv import SetBool

from slim_split_ros.onboard import OnboardError, Pacer
from slim_split_ros.ros.process.lifecycle import ACTIVE, ManagedNode
from slim_split_ros.ros.process.worker import Mailbox, Worker
from slim_split_ros.ros.settings.onboard_parameters import OnboardSettings
from slim_split_ros.ros.settings.parameters import LiveParameters
from slim_split_ros.ros.topics.messages import decode_compressed, to_ns, view_raw

# Differences to the camera's pixels that no detector sees, at a quarter of a PNG's bytes.
_JPEG_QUALITY = 97
# How the header of a JPEG or PNG begins the part that may say how the picture lies.
_EXIF_MARKS, _MOST_HEADER_BYTES = (b'Exif\0\0', b'eXIf'), 65536
_BYTES_PER_MB = 10**6
# Left for everybody else on the robot's disk.
_LEAST_FREE_BYTES = 200 * _BYTES_PER_MB
_SUFFIXES = ((b'\xff\xd8', '.jpg'), (b'\x89PNG', '.png'))


@dataclass(slots=True)
class FrameStore:
    """Hold a folder and what was put there; numbered, so that names sort by time."""

    folder: Path
    frames: int = 0
    stored_bytes: int = 0
    unusable: str = ''  # why the newest image that could not be kept could not

    def add(self, picture: bytes, stamp_ns: int, most_frames: int, most_mb: int) -> str:
        """Write a JPEG or PNG, and return why no other one has room; empty while one has."""
        suffix = next(suffix for start, suffix in _SUFFIXES if picture.startswith(start))
        (self.folder / f'{self.frames:06d}_{stamp_ns}{suffix}').write_bytes(picture)
        self.frames += 1
        self.stored_bytes += len(picture)
        if self.frames >= most_frames:
            return f'keep_most_frames is {most_frames}'
        if self.stored_bytes >= most_mb * _BYTES_PER_MB:
            return f'keep_most_mb is {most_mb}'
        if shutil.disk_usage(self.folder).free < _LEAST_FREE_BYTES:
            return f'less than {_LEAST_FREE_BYTES // _BYTES_PER_MB} MB of the disk are free'
        return ''

    def close(self) -> None:
        """Leave no folder behind that nothing was put in."""
        if not self.frames:
            with contextlib.suppress(OSError):  # somebody else removed it, or uses it
                self.folder.rmdir()


class FrameKeeper:
    """
    Serve `~/keep_frames`: true begins to keep images, in a folder of their own, false ends.

    Only while the node is active: an inactive one gets no images.
    """

    def __init__(self, node: ManagedNode, live: LiveParameters[OnboardSettings]) -> None:
        self._node = node
        self._live = live
        self._pacer = Pacer()
        self._store: FrameStore | None = None
        self._ended = ''  # what was kept last, and why no more, where that ended by itself
        node.create_service(SetBool, '~/keep_frames', self._on_call)

    def offer(self, message: Image | CompressedImage, now_s: float) -> None:
        """Take an image of the camera, if images are kept and its turn has come."""
        if self._store and self._pacer.admit(now_s, self._live.current.keep_fps):
            self._mailbox.put(message)

    def stop(self) -> None:
        """End keeping, if it goes on, and say in the log what was kept."""
        if store := self._end():
            self._node.get_logger().info(_summary(store))

    def _on_call(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if request.data:
            self.stop()
            response.success, response.message = self._try_to_begin()
        else:
            store = self._end()
            response.success = store is not None
            response.message = _summary(store) if store else (
                f'no images were being kept{self._ended and f"; {self._ended}"}')
        return response

    def _try_to_begin(self) -> tuple[bool, str]:
        """Begin to keep images; return whether they are kept, and where or why not."""
        if self._node.state != ACTIVE:
            name = self._node.get_fully_qualified_name()
            return False, (f'{name} is {self._node.state} and gets no images: activate it first '
                           f'(service {name}/enable)')
        try:
            store = self._begin()
        except OSError as error:
            return False, f'{error}: set keep_folder to a folder that can be written'
        return True, f'keeping images in {store.folder}'

    def _begin(self) -> FrameStore:
        folder = Path(os.path.expanduser(self._live.current.keep_folder)).absolute()
        # With microseconds: whoever asks twice in a second gets two folders.
        folder /= datetime.now().strftime('%Y%m%d_%H%M%S_%f')
        folder.mkdir(parents=True)
        store = FrameStore(folder)
        mailbox: Mailbox[Image | CompressedImage] = Mailbox()
        self._mailbox, self._worker = mailbox, Worker(
            mailbox, lambda message: self._keep(store, mailbox, message),
            lambda error: self._give_up(store, mailbox, error))
        self._worker.start()
        self._pacer, self._store, self._ended = Pacer(), store, ''
        return store

    def _end(self) -> FrameStore | None:
        """End keeping, and return what was kept: all of it, so the image in hand is awaited."""
        store, self._store = self._store, None
        if store:
            self._worker.stop()
            store.close()
        return store

    def _end_from_within(self, store: FrameStore, mailbox: Mailbox, ended: str) -> None:
        """End keeping in the worker's thread, which cannot wait for itself, nor end another's."""
        mailbox.close()
        if self._store is store:
            self._store, self._ended = None, ended

    def _keep(
        self, store: FrameStore, mailbox: Mailbox, message: Image | CompressedImage
    ) -> None:
        """Write an image; runs in a thread of its own."""
        try:
            picture = _encode(message)
        except OnboardError as error:
            store.unusable = str(error)
            return
        limits = self._live.current
        full = store.add(picture, to_ns(message.header.stamp), limits.keep_most_frames,
                         limits.keep_most_mb)
        if full:
            ended = f'{_summary(store)}, and no more: {full}'
            self._end_from_within(store, mailbox, ended)
            self._node.get_logger().info(ended)

    def _give_up(self, store: FrameStore, mailbox: Mailbox, error: Exception) -> None:
        if not store.frames:
            store.unusable = str(error)
        ended = f', and no more: {error}' if store.frames else ''
        self._end_from_within(store, mailbox, f'{_summary(store)}{ended}')
        self._node.get_logger().warning(f'images are kept no longer: {error}')


def _encode(message: Image | CompressedImage) -> bytes:
    """Return a JPEG or PNG; raises ImageError for what is no image."""
    if isinstance(message, CompressedImage):
        view = decode_compressed(message)  # what cannot be would not be whole for anybody else
        data = bytes(message.data)
        # Some are turned by whoever reads the file, and not by the robot.
        if not any(mark in data[:_MOST_HEADER_BYTES] for mark in _EXIF_MARKS) or np.array_equal(
                cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), view.array):
            return data
    else:
        view = view_raw(message)
    pixels = view.array if view.channel_order == 'bgr' else view.array[:, :, ::-1]
    _, data = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return data.tobytes()


def _summary(store: FrameStore) -> str:
    if not store.frames:
        return f'no image was kept: {store.unusable or "none came"}'
    megabytes = store.stored_bytes / _BYTES_PER_MB
    return f'{store.frames} images of {megabytes:.1f} MB are in {store.folder}'
