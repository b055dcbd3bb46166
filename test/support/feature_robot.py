"""A robot without a camera: it sends one frame again and again, and hears what comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import time

from vision_msgs.msg import Detection2DArray

from slim_split_ros.msg import Answer, EncodedFrame, LinkReport
from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.ros.topics.messages import camera_header, frame_message, to_ns
from slim_split_ros.wire import Frame, FrameHeader, load_manifest
from support.ros_peer import Peer
from support.split_system import RELIABLE, SENSOR_DATA, patch_pixels


class FeatureRobot:
    """Send frames of the patch as a robot would, and count the detections that come back."""

    def __init__(self, peer: Peer, bundle: Path, namespace: str = '') -> None:
        manifest = load_manifest(bundle)
        encoded = FrameEncoder(manifest).encode(patch_pixels(), 1.0, 0)
        self._frame = Frame(
            FrameHeader(
                sender_start_ns=time.time_ns(), sequence=0, geometry=encoded.geometry, width=1.0,
                rate=0, fingerprint=manifest.fingerprint, stamp_ns=1, encode_ms=1.0,
                frame_id='camera'),
            encoded.payload)
        prefix = f'{namespace}/' if namespace else ''
        self.features = peer.publisher(EncodedFrame, f'{prefix}features', SENSOR_DATA)
        self._detections = peer.listen(Detection2DArray, f'{prefix}detections', RELIABLE)
        self.answers = peer.listen(Answer, f'{prefix}answer', SENSOR_DATA)
        self.reports = peer.listen(LinkReport, f'{prefix}link_report', SENSOR_DATA)
        self.sender_start_ns = self._frame.header.sender_start_ns
        self.sent = 0

    def message(self) -> EncodedFrame:
        """Make the next frame's message."""
        self.sent += 1
        header = replace(
            self._frame.header, sequence=self.sent, stamp_ns=self.sender_start_ns + self.sent)
        return frame_message(
            Frame(header, self._frame.payload), camera_header(header))

    def show(self) -> None:
        """Publish the next frame."""
        self.features.publish(self.message())

    def served(self) -> int:
        """Return for how many of its frames detections came."""
        stamps = {to_ns(message.header.stamp) for message in self._detections}
        return sum(
            self.sender_start_ns + number in stamps for number in range(1, self.sent + 1))
