"""Does the observer match what it sees of a frame, however late the answer?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

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


class Observed:
    """Publish what an observer watches, and spin it while waiting."""

    def __init__(self, peer: Peer) -> None:
        self.observer = Observer(pictures_period_s=0.0)
        self._peer = peer
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.observer)
        self.images = peer.publisher(Image, 'image', RELIABLE)
        self.features = peer.publisher(EncodedFrame, 'features', RELIABLE)
        self.detections = peer.publisher(Detection2DArray, 'onboard/detections', RELIABLE)
        topics = self.images, self.features, self.detections
        self.wait(lambda: all(topic.get_subscription_count() for topic in topics),
                  'the observer to listen')

    def wait(self, is_true: Callable[[], object], what: str) -> None:
        def has_come_true() -> object:
            self._executor.spin_once(timeout_sec=0.0)
            return is_true()
        self._peer.wait(has_come_true, what)

    def close(self) -> None:
        self._executor.shutdown()
        self.observer.destroy_node()


@pytest.fixture
def observed(peer: Peer) -> Iterator[Observed]:
    running = Observed(peer)
    yield running
    running.close()


def header(number: int) -> Header:
    return Header(stamp=to_stamp(STAMP_NS + number))


def assert_its_picture_is_kept(observer: Observer) -> None:
    seen, = observer.encoded
    assert seen.image is not None and to_ns(seen.image.header.stamp) == STAMP_NS


def test_the_picture_of_an_answer_that_many_images_overtook_is_kept(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('slim_split_ros.demo.observer._IMAGES_BYTES', 0)
    observer = observed.observer

    observed.images.publish(Image(header=header(0), data=b'first'))
    observed.wait(lambda: observer.images_seen, 'the image')
    observed.features.publish(EncodedFrame(header=header(0)))
    observed.wait(lambda: observer.encoded, 'its features')
    for number in range(1, AFTER + 1):
        observed.images.publish(Image(header=header(number), data=b'later'))
        observed.wait(
            lambda seen=number: len(observer.captured_since(STAMP_NS)) > seen, 'another')
    observed.detections.publish(Detection2DArray(header=header(0)))
    observed.wait(lambda: observer.answers, 'its detections')

    assert_its_picture_is_kept(observer)


def test_the_picture_of_an_image_that_its_answer_overtook_is_kept(observed: Observed) -> None:
    observer = observed.observer

    observed.features.publish(EncodedFrame(header=header(0)))
    observed.wait(lambda: observer.encoded, 'its features')
    observed.detections.publish(Detection2DArray(header=header(0)))
    observed.wait(lambda: observer.answers, 'its detections')
    observed.images.publish(Image(header=header(0), data=b'late'))
    observed.wait(lambda: observer.images_seen, 'the image')

    assert_its_picture_is_kept(observer)
