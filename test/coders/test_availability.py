import sys

import av
import pytest

from slim_split_ros.coders import CoderMissingError, VideoDecoder, VideoEncoder, availability


@pytest.fixture(autouse=True)
def asked_anew():
    questions = availability.why_no_video_encoding, availability.why_no_video_decoding
    for question in questions:
        question.cache_clear()
    yield
    for question in questions:
        question.cache_clear()


def test_machine_with_pyav_codes_video():
    assert availability.why_no_video_encoding() == ''
    assert availability.why_no_video_decoding() == ''


def test_machine_without_pyav_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'av', None)

    for make in (VideoEncoder, VideoDecoder):
        with pytest.raises(CoderMissingError, match='PyAV is not usable here.*pip install'):
            make()


def test_build_without_libx264_decodes_and_does_not_encode(monkeypatch):
    monkeypatch.setattr(av, 'codecs_available', av.codecs_available - {'libx264'})

    assert availability.why_no_video_decoding() == ''
    with pytest.raises(CoderMissingError, match='without libx264'):
        VideoEncoder()
