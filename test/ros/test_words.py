"""Each word that a node counts frames under is explained to who reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from slim_split_ros.control import Reason
from slim_split_ros.control.decision import LATE
from slim_split_ros.offboard import Drop
from slim_split_ros.onboard.errors import EncodingError, ImageError, OnboardError
from slim_split_ros.onboard.sender import _word
from slim_split_ros.ros.health.diagnostics import FAILURE
from slim_split_ros.ros.onboard_node import NO_SUBSCRIBER
from slim_split_ros.ros.served_robot import _WORDS
from slim_split_ros.wire import GeometryError, WireError

ONBOARD = [
    *(reason.value for reason in Reason), LATE, FAILURE,
    *(_word(kind('')) for kind in (
        EncodingError, ImageError, GeometryError, WireError, OnboardError)),
    'target_fps', 'encoder_busy', 'message_lost', NO_SUBSCRIBER]
OFFBOARD = [
    *(drop.value for drop in Drop), *(word for _, word in _WORDS), FAILURE, 'detector']


@pytest.mark.parametrize('word', ONBOARD)
def test_words_of_the_onboard_node_stand_in_the_documents(word: str, checkout: Path) -> None:
    assert f'`{word}`' in (checkout / 'docs' / 'topics.md').read_text()


@pytest.mark.parametrize('word', OFFBOARD)
def test_words_of_the_offboard_node_stand_in_the_documents(word: str, checkout: Path) -> None:
    assert f'| `{word}`' in (checkout / 'docs' / 'server.md').read_text()


@pytest.mark.parametrize('reason', Reason)
def test_the_message_of_the_status_names_every_reason(reason: Reason, checkout: Path) -> None:
    text = (checkout / 'msg' / 'EncoderStatus.msg').read_text()
    line = text.partition('string reason')[0].splitlines()[-1]
    assert reason.value in line
