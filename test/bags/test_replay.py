"""Does a replay run both sides as the nodes do, the same way each time?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import time

import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from bags.recordings import STAMP_NS, write_bag
from slim_split_ros.bags import BagError, BagImage, CompressedBagImage
from slim_split_ros.bags.definitions import message_store
from slim_split_ros.bags.replay.events import FrameServed, ImageDropped
from slim_split_ros.bags.replay.results import ResultsBag
from slim_split_ros.bags.replay.serve import Answered, ServerPool
from slim_split_ros.bags.replay.session import Replayed, ReplayPlan, replay_images, replay_recorded
from slim_split_ros.coders import why_no_video_encoding
from slim_split_ros.control import OperatingPoint, OperatingPoints, unmeasured_points
from slim_split_ros.linklab import LivePath, parse_trace
from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.wire import Coder, load_manifest, read_frame
from slim_split_ros.wire.authentication import AuthKey
from support.bundles import write_tiny_bundle

TOPIC = '/camera/image_raw'
PERIOD_NS = 100_000_000


def scene(number: int) -> np.ndarray:
    """Make a picture with a white patch that moves with the number, rgb8 (96, 128, 3)."""
    pixels = np.zeros((96, 128, 3), np.uint8)
    pixels[16:48, 8 * number % 96:8 * number % 96 + 32] = 255
    return pixels


def image(number: int, recorded_ns: int | None = None, stamp_ns: int | None = None) -> BagImage:
    stamp_ns = STAMP_NS + number * PERIOD_NS if stamp_ns is None else stamp_ns
    recorded_ns = STAMP_NS + number * PERIOD_NS + 7 if recorded_ns is None else recorded_ns
    return BagImage(recorded_ns, stamp_ns, 'camera', 'rgb8', 128, 96, 384, False,
                    scene(number).ravel())


def record(folder: Path, count: int = 6, storage: str = 'mcap') -> Path:
    return write_bag(folder / 'recorded', {TOPIC: [image(k) for k in range(count)]}, storage)


def as_it_comes(items: Iterator) -> Iterator:
    return items


def plan(bag: Path, model: Path, width: float = 0.5, **more: object) -> ReplayPlan:
    manifest = load_manifest(model)
    points = more.pop('points', None) or unmeasured_points(
        entry.width for entry in manifest.widths)
    return ReplayPlan(bag, '', manifest, points, width, **more)


def replay(plan: ReplayPlan, output: Path) -> Replayed:
    return replay_images(plan, output, as_it_comes, as_it_comes)


def without_times(replayed: Replayed) -> dict:
    """Return the figures but for what was measured on this machine."""
    figures = replayed.record.figures.as_json()
    del figures['milliseconds']
    for row in figures['rows']:
        del row['encode_ms'], row['server_ms']
    return figures


def messages(bag: Path, topic: str) -> list:
    with AnyReader([bag], default_typestore=message_store()) as reader:
        chosen = [item for item in reader.connections if item.topic == topic]
        return [reader.deserialize(data, item.msgtype)
                for item, _, data in reader.messages(chosen)]


def measured_points() -> OperatingPoints:
    return OperatingPoints([
        OperatingPoint(0.25, 0, 300, 400, 1.0, 1.2, 0.3),
        OperatingPoint(1.0, 0, 900, 1000, 4.0, 5.0, 0.6)])


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_every_image_is_encoded_and_answered(
    tiny_bundle: Path, tmp_path: Path, storage: str
) -> None:
    replayed = replay(plan(record(tmp_path, 6, storage), tiny_bundle), tmp_path / 'bag')

    rows = replayed.record.figures.rows
    assert [row.stamp_ns for row in rows] == [STAMP_NS + k * PERIOD_NS for k in range(6)]
    assert {row.fate for row in rows} == {'answered'}
    assert all(row.detections for row in rows)
    assert replayed.notes == ()


def test_payloads_are_those_of_the_encoder_alone(tiny_bundle: Path, tmp_path: Path) -> None:
    replay(plan(record(tmp_path, 3), tiny_bundle, 0.75), tmp_path / 'bag')

    encoder = FrameEncoder(load_manifest(tiny_bundle))
    expected = [encoder.encode(scene(k), 0.75, 0, 'rgb').payload for k in range(3)]
    found = messages(tmp_path / 'bag', '/features')
    assert [message.payload.tobytes() for message in found] == expected
    assert [message.sequence for message in found] == [0, 1, 2]


def test_the_same_bag_gives_the_same_bytes_and_detections_again(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    trace = parse_trace('t_s,rate_kbps,delay_ms,loss\n0,60,20,0.2\n60,60,20,0.2\n', 'slow')
    bag = record(tmp_path, 30)

    runs = [replay(plan(bag, tiny_bundle, 0.0, points=measured_points(), target_fps=10.0,
                        path=LivePath(trace, seed=0)), tmp_path / name) for name in 'ab']

    first, second = map(without_times, runs)
    assert first == second
    assert first['answered'] and first['answered'] < first['sent']
    assert [bytes(message.payload) for message in messages(tmp_path / 'a', '/features')] == [
        bytes(message.payload) for message in messages(tmp_path / 'b', '/features')]


def test_the_policy_climbs_to_the_widest_where_nothing_limits_it(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    replayed = replay(plan(record(tmp_path, 60), tiny_bundle, 0.0, points=measured_points()),
                      tmp_path / 'bag')

    rows = replayed.record.figures.rows
    assert rows[0].width == 0.25
    assert rows[-1].width == 1.0
    assert {row.fate for row in rows} == {'answered'}


def test_a_link_takes_its_time_and_its_share(tiny_bundle: Path, tmp_path: Path) -> None:
    trace = parse_trace('t_s,rate_kbps,delay_ms,loss\n0,4000,40,0\n60,4000,40,0\n', 'slow')

    replayed = replay(plan(record(tmp_path, 8), tiny_bundle, path=LivePath(trace, seed=0)),
                      tmp_path / 'bag')

    # 40 ms there, 25 ms of the server, 40 ms back, and some for the bits.
    for row in replayed.record.figures.rows:
        assert 105.0 < row.end_to_end_ms < 110.0


def test_target_fps_leaves_out_what_the_node_would(tiny_bundle: Path, tmp_path: Path) -> None:
    replayed = replay(plan(record(tmp_path, 20), tiny_bundle, target_fps=5.0), tmp_path / 'bag')

    fates = [row.fate for row in replayed.record.figures.rows]
    assert fates.count('target_fps') == 9
    assert fates.count('answered') == 11


def test_images_wait_for_a_slow_encoder_and_not_for_the_camera(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    slow = OperatingPoints([OperatingPoint(0.5, 0, 300, 400, 900.0, 900.0, 0.3)])

    replayed = replay(plan(record(tmp_path, 6), tiny_bundle, points=slow), tmp_path / 'bag')

    # The last one by itself, until its deadline has passed.
    assert [row.fate for row in replayed.record.figures.rows[1:]] == ['encoder_busy'] * 5


def test_compressed_images_are_decoded_and_a_damaged_one_costs_itself(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    import cv2

    def jpeg(number: int) -> CompressedBagImage:
        data = cv2.imencode('.jpg', scene(number))[1].ravel()
        stamp_ns = STAMP_NS + number * PERIOD_NS
        return CompressedBagImage(
            stamp_ns, stamp_ns, 'camera', 'jpeg', data[:100] if number == 1 else data)

    bag = write_bag(tmp_path / 'recorded', {f'{TOPIC}/compressed': [jpeg(k) for k in range(3)]})
    replayed = replay(plan(bag, tiny_bundle), tmp_path / 'bag')

    assert [row.fate for row in replayed.record.figures.rows] == [
        'answered', 'image', 'answered']
    note, = replayed.notes
    assert note.startswith('image dropped: compressed image')


def test_gaps_and_jumping_stamps_are_said_in_a_sentence_each(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    hour_ns = 3_600_000_000_000
    images = [image(0), image(1), image(2, STAMP_NS + hour_ns, STAMP_NS + 2 * PERIOD_NS),
              image(3, STAMP_NS + hour_ns + PERIOD_NS, STAMP_NS + 3 * PERIOD_NS)]
    bag = write_bag(tmp_path / 'recorded', {TOPIC: images})

    replayed = replay(plan(bag, tiny_bundle), tmp_path / 'bag')

    gap, jump = replayed.notes
    assert gap.startswith('gaps of more than 1 s without an image: 1; the longest, before image 2')
    assert 'replayed as 10 s' in gap
    assert jump.startswith('stamps that jump against the time of recording: 1')
    assert [row.captured_s for row in replayed.record.figures.rows] == pytest.approx(
        [0.0, 0.1, 10.1, 10.2])


def test_messages_of_the_bag_are_timed_as_the_recording(tiny_bundle: Path, tmp_path: Path) -> None:
    replay(plan(record(tmp_path, 3), tiny_bundle), tmp_path / 'bag')

    with AnyReader([tmp_path / 'bag'], default_typestore=message_store()) as reader:
        chosen = [item for item in reader.connections if item.topic == '/detections']
        times = [time_ns for _, time_ns, _ in reader.messages(chosen)]
    assert times == [STAMP_NS + k * PERIOD_NS + 7 for k in range(3)]


def test_the_bag_has_what_both_nodes_publish(tmp_path: Path) -> None:
    model = write_tiny_bundle(tmp_path / 'model', with_pictures=True)
    replay(plan(record(tmp_path, 3), model), tmp_path / 'bag')

    detections = messages(tmp_path / 'bag', '/detections')[0]
    assert detections.header.frame_id == 'camera'
    assert detections.detections[0].results[0].hypothesis.class_id == 'person'
    assert messages(tmp_path / 'bag', '/label_info')[0].class_map[1].class_name == 'robot'
    status = messages(tmp_path / 'bag', '/onboard/status')[0]
    assert (status.width, status.reason, status.frames_in) == (0.5, 'pinned', 1)
    assert messages(tmp_path / 'bag', '/link_report')[-1].sequence.tolist()[-1] == 2
    picture = messages(tmp_path / 'bag', '/offboard/picture/compressed')[0]
    assert bytes(picture.data[:2]) == b'\xff\xd8'


def test_recorded_features_go_through_the_server_alone(tiny_bundle: Path, tmp_path: Path) -> None:
    first = replay(plan(record(tmp_path, 4), tiny_bundle), tmp_path / 'a')

    again = replay_recorded(plan(tmp_path / 'a', tiny_bundle), tmp_path / 'b', as_it_comes)

    rows, expected = again.record.figures.rows, first.record.figures.rows
    assert [row.detections for row in rows] == [row.detections for row in expected]
    assert [row.payload_sha256 for row in rows] == [row.payload_sha256 for row in expected]
    assert len(messages(tmp_path / 'b', '/detections')) == 4


def test_features_that_were_recorded_with_a_key_are_replayed_without_it(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    replay(plan(record(tmp_path, 3), tiny_bundle), tmp_path / 'bag')
    key = AuthKey(bytes(16))
    with ResultsBag(tmp_path / 'tagged', []) as bag:
        for number, message in enumerate(messages(tmp_path / 'bag', '/features')):
            bag.write_features(key.sign_frame(read_frame(message), 7), STAMP_NS + number)

    plain, tagged = (
        replay_recorded(plan(tmp_path / name, tiny_bundle), tmp_path / f'{name}_out', as_it_comes)
        for name in ('bag', 'tagged'))

    assert [row.detections for row in tagged.record.figures.rows] == [
        row.detections for row in plain.record.figures.rows]
    assert all(row.detections for row in tagged.record.figures.rows)


def test_features_of_another_model_are_refused_by_its_name(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    replay(plan(record(tmp_path, 2), tiny_bundle), tmp_path / 'a')
    other = write_tiny_bundle(tmp_path / 'other', seed=1)

    with pytest.raises(BagError, match='no frame on /features was served: .*fingerprint'):
        replay_recorded(plan(tmp_path / 'a', other), tmp_path / 'b', as_it_comes)


@pytest.mark.skipif(bool(why_no_video_encoding()), reason=why_no_video_encoding())
def test_video_is_decoded_in_its_order_and_recorded_with_its_references(tmp_path: Path) -> None:
    model = write_tiny_bundle(tmp_path / 'model', with_pictures=True, with_video=True)
    points = OperatingPoints([
        OperatingPoint(0.25, 0, 900, 1000, 1.0, 1.2, 0.3, 'video', True, 320),
        OperatingPoint(0.25, 0, 300, 400, 1.0, 1.2, 0.3, 'video', False, 320)])
    # A pinned width sends frames that decode alone, and a new link is not leaned on at once.
    wanted = plan(record(tmp_path, 40), model, 0.0, points=points)

    runs = [replay(wanted, tmp_path / name) for name in 'ab']
    again = replay_recorded(plan(tmp_path / 'a', model), tmp_path / 'c', as_it_comes)

    features = messages(tmp_path / 'a', '/features')
    assert {message.payload[0] for message in features} == {Coder.H264}
    back = [message.frames_back for message in features]
    # Which are refreshed is the policy's.
    assert back[0] == 0 and set(back) == {0, 1}
    # Made as the last one arrived, before it was decoded.
    assert messages(tmp_path / 'a', '/link_report')[-1].decoded_sequence == 38
    assert messages(tmp_path / 'a', '/onboard/status')[-1].coder == 'video'
    first, second = map(without_times, runs)
    assert first == second
    assert first['answered'] == 40
    assert [row.detections for row in again.record.figures.rows] == [
        row.detections for row in runs[0].record.figures.rows]


def test_a_bag_without_features_says_so(tiny_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BagError, match='no features: no topic is of'):
        replay_recorded(plan(record(tmp_path, 1), tiny_bundle), tmp_path / 'b', as_it_comes)


def test_definitions_are_those_of_vision_msgs(checkout: Path) -> None:
    from rosbags.typesys import get_types_from_msg

    store = message_store()
    for file in (checkout / 'third_party' / 'vision_msgs' / 'msg').glob('*.msg'):
        name = f'vision_msgs/msg/{file.stem}'
        assert get_types_from_msg(file.read_text(), name)[name] == store.fielddefs[name]


def test_images_behind_a_served_frame_do_not_gather() -> None:
    def events() -> Iterator[object]:
        yield FrameServed(0.0, frame=None, decoded=None, decode_ms=0.0, back_s=None)
        for number in range(10_000):
            came.append(number)
            yield ImageDropped(float(number), None, 'late')

    class Slow:
        def serve(self, frames: list, score_threshold: float) -> list:
            time.sleep(0.2)
            return [None]

    came: list[int] = []
    first = next(ServerPool([Slow()], 0.3).answer(events()))
    assert isinstance(first, Answered) and len(came) < 100
