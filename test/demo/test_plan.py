"""Does each kind of source get its camera, and the robot's side its transport?"""

import numpy as np
import pytest

from slim_split_ros.bags import BagError, BagImage, BagImageWriter, CompressedBagImage
from slim_split_ros.demo.plan import plan_nodes, put_link_between

RAW = BagImage(1, 1, 'camera', 'bgr8', 2, 1, 6, False, np.zeros(6, np.uint8))
COMPRESSED = CompressedBagImage(1, 1, 'camera', 'jpeg', np.zeros(6, np.uint8))


def write_bag(folder, image):
    with BagImageWriter(folder) as writer:
        writer.write('/camera/image', image)
    return folder


def plan(source):
    return plan_nodes(source, seed=7, model='/model', first_width=0.25)


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
    assert camera.parameters == {'bag': str(bag), 'loop': True}
    assert onboard.parameters.get('image_transport') == transport


def test_single_file_of_a_bag_is_a_bag(tmp_path):
    file = next(write_bag(tmp_path / 'bag', RAW).glob('*.mcap'))

    assert plan(str(file))[0].name == 'bag_camera'


def test_folder_and_video_are_pictures(tmp_path):
    (tmp_path / 'video.mp4').touch()

    assert plan(str(tmp_path))[0].name == 'file_camera'
    assert plan(str(tmp_path / 'video.mp4'))[0].parameters['source'].endswith('video.mp4')


def test_folder_that_only_looks_like_a_bag_is_refused(tmp_path):
    (tmp_path / 'metadata.yaml').write_text('nothing: here')

    with pytest.raises(BagError, match='cannot be read as a bag'):
        plan(str(tmp_path))


def test_a_link_lies_between_what_one_side_sends_and_the_other_reads(tmp_path):
    trace = tmp_path / 'trace.csv'

    camera, onboard, link, offboard = put_link_between(plan(None), trace, 12.5, 'sent')

    assert (camera.name, camera.remappings) == ('sim_camera', {})
    assert onboard.remappings == {'features': 'sent/features'}
    assert link.parameters == {'trace': str(trace), 'begins_s': 12.5}
    assert offboard.remappings == {
        'link_report': 'sent/link_report', 'detections': 'sent/detections'}
