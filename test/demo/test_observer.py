"""Does the observer match what it sees of a frame, however late the answer?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

from slim_split_ros.demo.observer import Observer
from slim_split_ros.msg import EncodedFrame
from slim_split_ros.ros.topics.messages import to_ns, to_stamp
from support.ros_peer import Peer
from support.split_system import RELIABLE

pytestmark = pytest.mark.ros
STAMP_NS = 10**18
AFTER = 40


def test_the_picture_of_an_answer_that_many_images_overtook_is_kept(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('slim_split_ros.demo.observer._IMAGES_BYTES', 0)
    observer = Observer(pictures_period_s=0.0)
    executor = SingleThreadedExecutor()
    executor.add_node(observer)
    images = peer.publisher(Image, 'image', RELIABLE)
    features = peer.publisher(EncodedFrame, 'features', RELIABLE)
    detections = peer.publisher(Detection2DArray, 'onboard/detections', RELIABLE)

    def wait(is_true: Callable[[], object], what: str) -> None:
        def has_come_true() -> bool:
            executor.spin_once(timeout_sec=0.0)
            return is_true()
        peer.wait(has_come_true, what)

    def header(number: int) -> Header:
        return Header(stamp=to_stamp(STAMP_NS + number))

    try:
        wait(lambda: all(topic.get_subscription_count()
                         for topic in (images, features, detections)), 'the observer to listen')
        images.publish(Image(header=header(0), data=b'first'))
        wait(lambda: observer.images_seen, 'the image')
        features.publish(EncodedFrame(header=header(0)))
        wait(lambda: observer.encoded, 'its features')
        for number in range(1, AFTER + 1):
            images.publish(Image(header=header(number), data=b'later'))
            wait(lambda seen=number: len(observer.captured_since(STAMP_NS)) > seen, 'another')
        detections.publish(Detection2DArray(header=header(0)))
        wait(lambda: observer.answers, 'its detections')
    finally:
        executor.shutdown()
        observer.destroy_node()

    seen, = observer.encoded
    assert seen.image is not None and to_ns(seen.image.header.stamp) == STAMP_NS


def test_the_picture_of_an_image_that_its_answer_overtook_is_kept(peer: Peer) -> None:
    observer = Observer(pictures_period_s=0.0)
    executor = SingleThreadedExecutor()
    executor.add_node(observer)
    images = peer.publisher(Image, 'image', RELIABLE)
    features = peer.publisher(EncodedFrame, 'features', RELIABLE)
    detections = peer.publisher(Detection2DArray, 'onboard/detections', RELIABLE)
    header = Header(stamp=to_stamp(STAMP_NS))

    def wait(is_true: Callable[[], object], what: str) -> None:
        def has_come_true() -> bool:
            executor.spin_once(timeout_sec=0.0)
            return is_true()
        peer.wait(has_come_true, what)

    try:
        wait(lambda: all(topic.get_subscription_count()
                         for topic in (images, features, detections)), 'the observer to listen')
        features.publish(EncodedFrame(header=header))
        wait(lambda: observer.encoded, 'its features')
        detections.publish(Detection2DArray(header=header))
        wait(lambda: observer.answers, 'its detections')
        images.publish(Image(header=header, data=b'late'))
        wait(lambda: observer.images_seen, 'the image')
    finally:
        executor.shutdown()
        observer.destroy_node()

    seen, = observer.encoded
    assert seen.image is not None and to_ns(seen.image.header.stamp) == STAMP_NS
