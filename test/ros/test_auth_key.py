"""Tests of a key on both nodes, on one of them, and of a key file that is no good."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import pytest
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray

from slim_split_ros.msg import Answer, EncodedFrame, LinkReport, ServerStatus
from slim_split_ros.ros.topics.messages import frame_message, to_ns, to_stamp
from slim_split_ros.wire import Frame, read_frame
from slim_split_ros.wire.authentication import FRAME_TAG_BYTES, AuthKey
from support.processes import Process
from support.ros_peer import DiscoveryTimeoutError, Peer
from support.split_system import (
    RELIABLE,
    SENSOR_DATA,
    SplitSystem,
    image_message,
    patch_pixels,
    start_node,
)

pytestmark = pytest.mark.ros

END_S = 60.0
FOREIGN_KEY = AuthKey(b'x' * 32)


def write_key(file: Path, mode: int = 0o600) -> Path:
    file.write_text('0123456789abcdef' * 4 + '\n')
    file.chmod(mode)
    return file


def assert_sound(system: SplitSystem) -> None:
    """Fail unless both nodes run, and none of their frames met a fault of ours."""
    for node in (system.onboard, system.offboard):
        assert node.is_running
        assert 'Traceback' not in node.output


def drops_in(statuses: list[ServerStatus]) -> dict[str, int]:
    """Return the drops by reason of the newest status."""
    if not statuses:
        return {}
    return dict(zip(statuses[-1].drop_reasons, statuses[-1].drop_counts, strict=True))


class Keyed:
    """Hold both nodes, each with a key or without, and hear all that they say."""

    def __init__(self, peer: Peer, model: Path, logs: Path) -> None:
        self.peer, self._model, self._logs = peer, model, logs
        self.arrays = peer.listen(DiagnosticArray, '/diagnostics', RELIABLE)
        self.server_statuses = peer.listen(ServerStatus, 'offboard/status', RELIABLE)
        self.reports = peer.listen(LinkReport, 'link_report', SENSOR_DATA)
        self.answers = peer.listen(Answer, 'answer', SENSOR_DATA)
        self.started: list[Process] = []

    def start(self, onboard_key: Path | str, offboard_key: Path | str) -> SplitSystem:
        """Start both nodes."""
        self.system = SplitSystem(
            self.peer, self.onboard(onboard_key), self.offboard(offboard_key))
        return self.system

    def onboard(self, key: Path | str) -> Process:
        """Start the robot's node."""
        return self._start('onboard', auth_key_file=key, target_fps=60.0)

    def offboard(self, key: Path | str) -> Process:
        """Start the server's node."""
        return self._start('offboard', auth_key_file=key, device='cpu')

    def drops(self) -> dict[str, int]:
        """Return the offboard node's drops by reason, from its newest status."""
        return drops_in(self.server_statuses)

    def said(self, name: str, level: bytes, words: str) -> bool:
        """Say whether the diagnostics of late have this."""
        return any(
            (status.name, status.level) == (name, level) and words in status.message
            for array in self.arrays[-8:] for status in array.status)

    def _start(self, name: str, **parameters: Any) -> Process:
        given = {key: value for key, value in parameters.items() if value != ''}
        self.started.append(start_node(
            name, self._logs / f'{name}_{len(self.started)}.log', {'model': self._model, **given}))
        return self.started[-1]


@pytest.fixture
def keyed(peer: Peer, tiny_bundle: Path, tmp_path: Path) -> Iterator[Keyed]:
    running = Keyed(peer, tiny_bundle, tmp_path)
    yield running
    for process in running.started:
        process.end()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return write_key(tmp_path / 'key')


def test_with_a_key_on_both_sides_detections_come_and_everything_has_its_tag(
    keyed: Keyed, key: Path
) -> None:
    system = keyed.start(key, key)
    system.warm_up()
    secret = AuthKey.from_text(key.read_text())
    opened = [secret.open_frame(read_frame(message)) for message in system.features]
    assert opened[-1].receiver_id == keyed.reports[-1].receiver_id
    for report in keyed.reports:
        secret.check_report(report)
    keyed.peer.wait(lambda: keyed.answers, 'an answer')
    for answer in keyed.answers:
        secret.check_answer(answer)
    keyed.peer.repeat(
        system.show_patch,
        lambda: system.statuses and system.statuses[-1].frames_answered, 'an answered frame')
    assert system.statuses[-1].payload_bytes + FRAME_TAG_BYTES == len(system.features[-1].payload)
    keyed.peer.wait(lambda: keyed.server_statuses, 'a status of the server')
    assert not {'unauthenticated', 'replayed'} & keyed.drops().keys()
    assert system.statuses[-1].reports_refused == system.statuses[-1].answers_refused == 0


@pytest.mark.once
def test_an_attacker_beside_both_nodes_has_no_effect_but_counts(
    keyed: Keyed, key: Path
) -> None:
    system = keyed.start(key, key)
    system.warm_up()
    frames = keyed.peer.publisher(EncodedFrame, 'features', SENSOR_DATA)
    reports = keyed.peer.publisher(LinkReport, 'link_report', SENSOR_DATA)
    answers = keyed.peer.publisher(Answer, 'answer', SENSOR_DATA)
    keyed.peer.wait(lambda: keyed.answers and keyed.reports, 'an answer and a report')
    recorded = deepcopy((system.features[-1], keyed.reports[-1], keyed.answers[-1]))

    def attack() -> None:
        system.show_patch()
        frame, report, answer = deepcopy(recorded)
        frames.publish(frame)
        bare = read_frame(frame)
        frames.publish(frame_message(FOREIGN_KEY.sign_frame(
            Frame(bare.header, bare.payload[FRAME_TAG_BYTES:]), report.receiver_id),
            frame.header))
        reports.publish(report)
        report.sent_s += 1000.0
        report.report_sequence += 1
        reports.publish(report)
        newest = system.features[-1]
        answer.sender_start, answer.sequence = newest.sender_start, newest.sequence
        answer.stamp = newest.header.stamp
        answers.publish(answer)

    forged_ns = to_ns(recorded[0].header.stamp)
    detected = len(system.detections_of(forged_ns))
    keyed.peer.repeat(attack, lambda: (
        min(keyed.drops().get('unauthenticated', 0), keyed.drops().get('replayed', 0)) > 3
        and system.statuses[-1].reports_refused > 6 and system.statuses[-1].answers_refused > 3),
        'counts of what was refused')
    for words in ('(replayed: ', '(unauthenticated: '):
        assert words in system.offboard.output
    for words in ('a link report came before', 'the tag of a link report is not of the key here',
                  'the tag of an answer is not of the key here'):
        assert words in system.onboard.output
    keyed.peer.repeat(
        attack, lambda: keyed.said('onboard: link', DiagnosticStatus.WARN, 'reports were refused')
        and keyed.said('offboard: robots', DiagnosticStatus.WARN, 'frame'), 'the diagnostics')
    assert len(system.detections_of(forged_ns)) == detected
    system.settle()
    assert_sound(system)


@pytest.mark.once
def test_after_a_start_of_either_side_detections_come_again_and_recordings_do_not_pass(
    keyed: Keyed, key: Path
) -> None:
    system = keyed.start(key, key)
    system.warm_up()
    recorded = deepcopy(system.features)
    system.offboard.end()
    system.offboard = keyed.offboard(key)
    system.warm_up()
    frames = keyed.peer.publisher(EncodedFrame, 'features', SENSOR_DATA)

    def replay() -> None:
        for message in recorded:
            frames.publish(message)

    stamps_ns = {to_ns(message.header.stamp) for message in recorded}
    detected = [len(system.detections_of(stamp_ns)) for stamp_ns in stamps_ns]
    before = keyed.drops().get('unproven', 0)
    keyed.peer.repeat(replay, lambda: keyed.drops().get('unproven', 0) > before + 50, 'counts')
    assert [len(system.detections_of(stamp_ns)) for stamp_ns in stamps_ns] == detected

    # The test hears what it publishes; the robot's own have the highest numbers.
    recorded = [deepcopy(max(system.features, key=lambda message: message.sequence))]
    system.onboard.end()
    system.onboard = keyed.onboard(key)
    system.warm_up()
    stamp_ns = to_ns(recorded[0].header.stamp)
    detected_once = len(system.detections_of(stamp_ns))
    before = keyed.drops().get('replayed', 0)
    keyed.peer.repeat(replay, lambda: keyed.drops().get('replayed', 0) > before, 'counts')
    assert len(system.detections_of(stamp_ns)) == detected_once


@pytest.mark.parametrize('robots', ['a,b', "'*'"])
@pytest.mark.once
def test_a_robot_s_frames_played_on_another_s_topic_are_refused_there_and_it_goes_on(
    peer: Peer, tiny_bundle: Path, tmp_path: Path, key: Path, nodes: list[Process], robots: str
) -> None:
    given = {'model': tiny_bundle, 'auth_key_file': key}
    nodes.append(start_node(
        'offboard', tmp_path / 'offboard.log', {**given, 'device': 'cpu', 'robots': robots}))
    nodes.append(start_node(
        'onboard', tmp_path / 'onboard.log', {**given, 'target_fps': 60.0}, ['__ns:=/a']))
    images = peer.publisher(Image, 'a/image', SENSOR_DATA)
    frames = peer.listen(EncodedFrame, 'a/features', SENSOR_DATA)
    found, elsewhere = (
        peer.listen(Detection2DArray, f'{name}/detections', RELIABLE) for name in ('a', 'b'))
    questions = peer.listen(LinkReport, 'b/link_report', SENSOR_DATA)
    statuses = peer.listen(ServerStatus, 'b/offboard/status', RELIABLE)
    shown: list[int] = []

    def show() -> None:
        shown.append(1_000_000_000 * (len(shown) + 1))
        images.publish(image_message(patch_pixels(), shown[-1]))

    peer.repeat(show, lambda: found, 'a detection', error=DiscoveryTimeoutError)
    played = peer.publisher(EncodedFrame, 'b/features', SENSOR_DATA)
    relayed = peer.publisher(LinkReport, 'a/link_report', SENSOR_DATA)
    before_ns = shown[-1]

    def attack() -> None:
        show()
        played.publish(frames[0])
        played.publish(frames[-1])
        while questions:
            relayed.publish(questions.pop(0))
            asked.append(True)

    def refused() -> int:
        return drops_in(statuses).get('replayed', 0)

    asked: list[bool] = []
    peer.repeat(attack, lambda: refused() > 20 and to_ns(found[-1].header.stamp) > before_ns,
                'refused frames on the one topic, detections of the other')
    assert not asked and not questions and not elsewhere
    assert 'heard on another topic' in nodes[0].output


@pytest.mark.once
def test_a_robot_of_a_pattern_that_went_and_came_back_is_served_and_its_recording_is_not(
    peer: Peer, tiny_bundle: Path, tmp_path: Path, key: Path, nodes: list[Process]
) -> None:
    given = {'model': tiny_bundle, 'auth_key_file': key}
    nodes.append(start_node('offboard', tmp_path / 'offboard.log', {
        **given, 'device': 'cpu', 'robots': "'scout*'"}))
    images = peer.publisher(Image, 'scout/image', SENSOR_DATA)
    frames = peer.listen(EncodedFrame, 'scout/features', SENSOR_DATA)
    found = peer.listen(Detection2DArray, 'scout/detections', RELIABLE)
    statuses = peer.listen(ServerStatus, 'scout/offboard/status', RELIABLE)
    shown: list[int] = []

    def show() -> None:
        shown.append(1_000_000_000 * (len(shown) + 1))
        images.publish(image_message(patch_pixels(), shown[-1]))

    def serve(number: int) -> None:
        nodes.append(start_node('onboard', tmp_path / f'onboard_{number}.log', given,
                                ['__ns:=/scout']))
        found.clear()
        peer.repeat(show, lambda: found, f'a detection of start {number}',
                    error=DiscoveryTimeoutError)

    serve(1)
    recorded = deepcopy(frames)
    nodes.pop().end()
    peer.wait(lambda: 'robot scout is gone' in nodes[0].output, 'the end of it')
    found.clear()
    statuses.clear()
    played = peer.publisher(EncodedFrame, 'scout/features', SENSOR_DATA)
    peer.repeat(lambda: [played.publish(frame) for frame in recorded],
                lambda: drops_in(statuses).get('replayed', 0) > 10, 'counts')
    assert not found
    assert 'came before' in nodes[0].output and 'another topic' not in nodes[0].output
    peer.node.destroy_publisher(played)
    serve(2)
    assert 'Traceback' not in nodes[0].output


@pytest.mark.parametrize(('has_onboard', 'words'), [
    (False, 'carries no tag: give the onboard node the auth_key_file of this one'),
    (True, 'carries the tag of a key, and this node has none')])
@pytest.mark.once
def test_a_key_on_one_side_alone_is_a_reason_a_count_and_a_sentence(
    keyed: Keyed, key: Path, has_onboard: bool, words: str
) -> None:
    system = keyed.start(key if has_onboard else '', '' if has_onboard else key)
    keyed.peer.repeat(
        system.show_patch,
        lambda: keyed.drops().get('unauthenticated', 0)
        and keyed.said('offboard: robots', DiagnosticStatus.ERROR, words)
        and keyed.said('onboard: link', DiagnosticStatus.ERROR, 'refuses these frames'), words)
    assert f'{words}' in system.offboard.output
    assert not system.detections
    assert_sound(system)


@pytest.mark.once
def test_a_robot_with_a_key_says_so_of_reports_and_answers_without(
    keyed: Keyed, key: Path
) -> None:
    system = keyed.start(key, key)
    system.warm_up()
    reports = keyed.peer.publisher(LinkReport, 'link_report', SENSOR_DATA)
    answers = keyed.peer.publisher(Answer, 'answer', SENSOR_DATA)
    start = system.features[-1].sender_start

    def send() -> None:
        system.show_patch()
        reports.publish(LinkReport(sender_start=start, stamp=to_stamp(1), receiver_id=5))
        answers.publish(Answer(sender_start=start, stamp=to_stamp(1)))

    keyed.peer.repeat(send, lambda: keyed.said(
        'onboard: link', DiagnosticStatus.WARN, 'a link report carries no tag') and keyed.said(
        'onboard: detections', DiagnosticStatus.WARN, 'an answer carries no tag'),
        'both sentences')


@pytest.mark.parametrize(('node', 'mode', 'words'), [
    ('onboard', None, 'cannot be read'), ('offboard', 0o644, 'has mode 0644')])
def test_a_bad_key_file_ends_the_start_with_one_line_and_status_1(
    node: str, mode: int | None, words: str, tiny_bundle: Path, tmp_path: Path,
    nodes: list[Process],
) -> None:
    file = tmp_path / 'key'
    if mode is not None:
        write_key(file, mode=mode)
    nodes.append(start_node(
        node, tmp_path / 'log', {'model': tiny_bundle, 'auth_key_file': file}))
    assert nodes[0].wait(END_S) == 1
    line, = nodes[0].own_lines
    assert line.startswith(f'auth_key_file {file} {words}')
