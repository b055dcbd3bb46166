"""A server that decodes no video is not sent any for long."""

from math import nan

import pytest

from slim_split_ros.control.link.video_service import FIRST_REST_S, MOST_FUTILE, VideoService


def tried(service: VideoService, begin_s: float) -> float:
    """Send frames ten times a second until video rests; give when it did."""
    for number in range(100):
        now_s = begin_s + number / 10.0
        service.on_sent(number, now_s)
        if service.is_resting(now_s):
            return now_s
    pytest.fail('it never rests')


def test_each_rest_is_twice_as_long_until_a_frame_is_decoded() -> None:
    service = VideoService()
    first_s = tried(service, 0.0)
    assert not service.is_resting(first_s + FIRST_REST_S)
    second_s = tried(service, 10.0)
    assert service.is_resting(second_s + 1.5 * FIRST_REST_S)
    service.on_sent(7, 20.0)
    service.on_report({}, decoded_sequence=7)
    third_s = tried(service, 30.0)
    assert not service.is_resting(third_s + FIRST_REST_S)


@pytest.mark.parametrize('is_answered', [True, False])
def test_a_frame_now_and_then_that_was_decoded_is_enough(is_answered: bool) -> None:
    service = VideoService()
    for number in range(20 * MOST_FUTILE):
        service.on_sent(number, number / 10.0)
        if number % MOST_FUTILE == 5:
            service.on_report({number: 0.025 if is_answered else nan},
                              decoded_sequence=None if is_answered else number)
    assert not service.is_resting(12.0)


def test_frames_of_others_and_answers_that_are_not_there_yet_say_nothing() -> None:
    service = VideoService()
    for number in range(30):
        service.on_sent(number, number / 10.0)
        service.on_report({number: nan, 1000 + number: 0.02}, decoded_sequence=2000 + number)
    assert service.is_resting(2.0)
