"""A process that floods a topic with frames of one kind until it is ended.

python flood.py KIND FILE FRAMES_PER_S: FILE holds a serialized EncodedFrame that checks out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import sys
import time

import rclpy
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message

from slim_split_ros.msg import EncodedFrame
from slim_split_ros.ros.topics.messages import camera_header, frame_message
from slim_split_ros.wire import Frame, read_frame

SENDER_NS = 5_000_000_000


def flood(kind: str, message: EncodedFrame, frames_per_s: float) -> None:
    """Publish until the process is ended."""
    rclpy.init()
    publisher = rclpy.create_node('flood').create_publisher(
        EncodedFrame, 'features', qos_profile_sensor_data)
    make = KINDS[kind]
    number, begin_s = 0, time.monotonic()
    while True:
        publisher.publish(make(message, number))
        number += 1
        time.sleep(max(0.0, begin_s + number / frames_per_s - time.monotonic()))


def _garbage(message: EncodedFrame, number: int) -> EncodedFrame:
    message.sequence, message.sender_start.sec = number, number
    return message


def _fast_sender(message: EncodedFrame, number: int) -> EncodedFrame:
    return _sealed(message, sender_start_ns=SENDER_NS, sequence=number)


def _invented_senders(message: EncodedFrame, number: int) -> EncodedFrame:
    return _sealed(message, sender_start_ns=SENDER_NS + number, sequence=0)


def _sealed(message: EncodedFrame, **changes: int) -> EncodedFrame:
    frame = read_frame(message)
    header = replace(frame.header, **changes)
    return frame_message(Frame(header, frame.payload), camera_header(header))


KINDS: dict[str, Callable[[EncodedFrame, int], EncodedFrame]] = {
    'garbage': _garbage, 'fast_sender': _fast_sender, 'invented_senders': _invented_senders}

if __name__ == '__main__':
    flood(sys.argv[1], deserialize_message(Path(sys.argv[2]).read_bytes(), EncodedFrame),
          float(sys.argv[3]))
