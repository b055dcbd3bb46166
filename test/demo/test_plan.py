"""Does each kind of source get its camera, and the robot's side its transport?"""

import json
import os

import cv2
import numpy as np
import pytest

from slim_split_ros.bags import BagError, BagImage, BagImageWriter, CompressedBagImage
from slim_split_ros.demo.plan import plan_nodes, put_link_between
from slim_split_ros.ros.errors import StartError

RAW = BagImage(1, 1, 'camera', 'bgr8', 2, 1, 6, False, np.zeros(6, np.uint8))
COMPRESSED = CompressedBagImage(
    1, 1, 'camera', 'jpeg', cv2.imencode('.jpg', np.zeros((8, 8, 3), np.uint8))[1].ravel())
UNKNOWN = BagImage(1, 1, 'camera', 'sonar7', 3, 1, 6, False, np.zeros(6, np.uint8))
CUT = CompressedBagImage(1, 1, 'camera', 'jpeg', COMPRESSED.data[:90])


def write_bag(folder, image):
    with BagImageWriter(folder) as writer:
        writer.write('/camera/image', image)
    return folder


def plan(source, topic=''):
    return plan_nodes(source, topic, seed=7, model='/model', first_width=0.25)


def test_without_a_source_the_simulated_camera_gets_the_seed():
    camera, onboard, offboard = plan(None)

    assert (camera.name, camera.parameters) == ('sim_camera', {'seed': 7})
    assert onboard.parameters == {'model': '/model', 'width': 0.25}
    assert offboard.parameters == {'model': '/model'}


@pytest.mark.parametrize(('image', 'transport'), [(RAW, None), (COMPRESSED, 'compressed')])
def test_bag_is_replayed_again_and_again_with_its_own_transport(tmp_path, image, transport):
    bag = write_bag(tmp_path / 'bag', image)

    camera, onboard, _ = plan(str(bag))

    assert camera.name == 'bag_camera'
    assert camera.parameters == {
        'bag': str(bag), 'topic': '/camera/image', 'loop': True}
    assert onboard.parameters.get('image_transport') == transport


def test_names_beyond_utf_8_are_refused_and_all_others_reach_ros(tmp_path):
    with pytest.raises(StartError, match='UTF-8'):
        plan(str(write_bag(tmp_path / os.fsdecode(b'b\xff'), RAW)))

    bag = write_bag(tmp_path / "it's $x #1 é: {a} \"q\" %s \\n 😀", RAW)
    camera = plan(str(bag))[0]
    assert f'bag:={json.dumps(str(bag), ensure_ascii=False)}' in camera.command()


def test_folder_of_bags_is_refused_with_the_name_of_one(tmp_path):
    write_bag(tmp_path / 'run1', RAW)

    with pytest.raises(StartError, match='run1 for instance: name one'):
        plan(str(tmp_path))


def test_single_file_of_a_bag_is_a_bag(tmp_path):
    file = next(write_bag(tmp_path / 'bag', RAW).glob('*.mcap'))

    assert plan(str(file))[0].name == 'bag_camera'


@pytest.mark.parametrize(('topic', 'transport'), [('/raw', None), ('/packed', 'compressed')])
def test_the_topic_that_is_named_decides_the_transport(tmp_path, topic, transport):
    with BagImageWriter(tmp_path / 'bag') as writer:
        writer.write('/packed', COMPRESSED)
        writer.write('/raw', RAW)

    camera, onboard, _ = plan(str(tmp_path / 'bag'), topic)

    assert camera.parameters['topic'] == topic
    assert onboard.parameters.get('image_transport') == transport


def test_several_topics_without_a_name_are_listed(tmp_path):
    with BagImageWriter(tmp_path / 'bag') as writer:
        writer.write('/left', RAW)
        writer.write('/right', RAW)

    with pytest.raises(BagError, match='/left, /right: name one of these with --topic'):
        plan(str(tmp_path / 'bag'))


@pytest.mark.parametrize(('image', 'words'), [
    (UNKNOWN, "encoding 'sonar7' is not supported"), (CUT, 'cut short')])
def test_images_that_the_robot_cannot_read_are_refused(tmp_path, image, words):
    bag = write_bag(tmp_path / 'bag', image)

    with pytest.raises(StartError, match=f'{bag}: the images on /camera/image .*{words}'):
        plan(str(bag))


def test_one_damaged_image_at_the_beginning_is_no_reason_to_refuse_a_bag(tmp_path):
    with BagImageWriter(tmp_path / 'bag') as writer:
        writer.write('/image', CUT)
        writer.write('/image', COMPRESSED)

    assert plan(str(tmp_path / 'bag'))[1].parameters['image_transport'] == 'compressed'


def test_folder_and_picture_are_pictures(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((4, 4, 3), np.uint8))
    (tmp_path / 'metadata.yaml').write_text('license: CC0')

    assert plan(str(tmp_path))[0].name == 'file_camera'
    assert plan(str(tmp_path / 'a.png'))[0].parameters['source'].endswith('a.png')


@pytest.mark.parametrize(('name', 'words'), [
    ('video.mp4', r'video\.mp4 cannot be opened as a video'),
    ('a.mcap', r'a\.mcap cannot be read as a bag \(it is empty\)'),
    ('nothing/else', 'nothing/else does not exist'),
    ('', 'holds no images'),
])
def test_a_source_that_gives_nothing_is_refused_before_anything_runs(tmp_path, name, words):
    if name == 'video.mp4' or name == 'a.mcap':
        (tmp_path / name).touch()

    with pytest.raises((BagError, StartError), match=words):
        plan(str(tmp_path / name))


@pytest.mark.parametrize('source', [None, 'pictures'])
def test_a_topic_of_what_is_no_bag_is_refused(source):
    with pytest.raises(StartError, match='is no bag, and has no topic /x'):
        plan(source, '/x')


def test_a_link_lies_between_what_one_side_sends_and_the_other_reads(tmp_path):
    trace = tmp_path / 'trace.csv'

    camera, onboard, link, offboard = put_link_between(plan(None), trace, 12.5, 'sent')

    assert (camera.name, camera.remappings) == ('sim_camera', {})
    assert onboard.remappings == {'features': 'sent/features'}
    assert link.parameters == {'trace': str(trace), 'begins_s': 12.5}
    assert offboard.remappings == {
        'link_report': 'sent/link_report', 'answer': 'sent/answer'}
