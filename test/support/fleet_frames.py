"""Frames of a white square that moves right, as a robot sends them to a fleet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
import time

import numpy as np

from slim_split_ros.fleet.messages import Request
from slim_split_ros.offboard.decode import is_video
from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.wire import Frame, FrameHeader, Manifest

REQUEST_S = 5.0


def square_frames(
    manifest: Manifest, count: int, coder: str = 'cells', sender: int = 1,
    alone: Collection[int] = (), top: int = 96,
) -> list[Frame]:
    """Return so many frames of one sender; those of video lean on the one before."""
    encoder = FrameEncoder(manifest)
    frames: list[Frame] = []
    for sequence in range(count):
        image = np.zeros((480, 640, 3), np.uint8)
        image[top:top + 64, 8 * sequence:8 * sequence + 64] = 255
        encoded = encoder.encode(image, 0.5, 0, coder=coder, alone=sequence in alone)
        frames.append(Frame(FrameHeader(
            sender, sequence, encoded.geometry, 0.5, 0, manifest.fingerprint, 7, 1.0,
            reference=None if encoded.alone else sequence - 1), encoded.payload))
    return frames


def request_for(frame: Frame, **changes: object) -> Request:
    """Return a request that has time, for boxes and the picture."""
    return replace(Request(
        frame, (), time.time() + REQUEST_S, score_threshold=0.3, max_detections=100,
        with_picture=True, is_video=is_video(frame), key=9), **changes)
