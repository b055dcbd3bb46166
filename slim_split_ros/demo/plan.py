"""Which nodes a demo runs: the camera for its source, both sides, a link between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
import os
from pathlib import Path

from slim_split_ros.bags import (
    CompressedBagImage,
    bags_within,
    find_image_topic,
    is_bag,
    read_images,
)
from slim_split_ros.demo.processes import NodePlan
from slim_split_ros.onboard import ImageError, decode_image, view_image
from slim_split_ros.ros.cameras.picture_source import check_source
from slim_split_ros.ros.errors import StartError
from slim_split_ros.wire.utf8 import is_utf8

_ROOM = 'slim_split_ros.ros'
# One damaged image at the beginning of a bag is no reason to refuse it.
_IMAGES_TRIED = 5


def plan_nodes(
    source: str | None, topic: str, seed: int, model: str, first_width: float
) -> list[NodePlan]:
    """
    Return camera, onboard and offboard; None as source means the simulated camera.

    Raises BagError or StartError, before anything runs, for a source that gives nothing.
    """
    if not_text := [path for path in (source or '', model) if not is_utf8(path)]:
        raise StartError(f'{not_text[0]!r} is not written in UTF-8, which ROS needs: rename the '
                         'file or folder')
    both = {'model': model}
    onboard = {**both, 'width': first_width}
    if source is not None and is_bag(Path(source)):
        bag = Path(source).resolve()
        topic = find_image_topic(bag, topic)
        camera = NodePlan('bag_camera', f'{_ROOM}.cameras.bag_camera_node', {
            'bag': str(bag), 'topic': topic, 'loop': True})
        if _is_compressed(bag, topic):
            onboard['image_transport'] = 'compressed'
    else:
        camera = _plan_camera(source, topic, seed)
    return [
        camera,
        NodePlan('onboard', f'{_ROOM}.onboard_node', onboard),
        NodePlan('offboard', f'{_ROOM}.offboard_node', both)]


def put_link_between(
    nodes: list[NodePlan], trace: Path, begins_s: float, sent: str
) -> list[NodePlan]:
    """
    Return camera, onboard, emulated link and offboard; both sides publish below `sent` now.

    The trace begins at `begins_s`, seconds since 1970.
    """
    camera, onboard, offboard = nodes
    link = NodePlan('emulated_link', 'slim_split_ros.demo.emulated_link_node', {
        'trace': str(Path(os.path.expanduser(trace)).resolve()), 'begins_s': begins_s})
    return [
        camera, replace(onboard, remappings=_below(sent, 'features')), link,
        replace(offboard, remappings=_below(sent, 'link_report', 'answer'))]


def _below(folder: str, *topics: str) -> Mapping[str, str]:
    return {topic: f'{folder}/{topic}' for topic in topics}


def _plan_camera(source: str | None, topic: str, seed: int) -> NodePlan:
    if topic:
        raise StartError(f'{source or "the simulated camera"} is no bag, and has no topic {topic}')
    if source is None:
        return NodePlan('sim_camera', f'{_ROOM}.cameras.sim_camera_node', {'seed': seed})
    if os.path.isdir(source) and (bags := bags_within(Path(source))):
        raise StartError(f'{source} holds bags, {bags[0].name} for instance: name one of them')
    if not os.path.exists(source):  # unlike pathlib it lets names pass that are too long
        raise StartError(f'{source} does not exist: name a recording, a folder of images, a video '
                         'file or a device such as /dev/video0')
    check_source(source)
    return NodePlan('file_camera', f'{_ROOM}.cameras.file_camera_node', {
        'source': str(Path(source).resolve()), 'loop': True})


def _is_compressed(bag: Path, topic: str) -> bool:
    """Tell the transport of a topic; StartError if the robot's side cannot read its images."""
    reason = ''
    for image in islice(read_images(bag, topic), _IMAGES_TRIED):
        try:
            if isinstance(image, CompressedBagImage):
                decode_image(image.data)
                return True
            view_image(image.encoding, image.width, image.height, image.step,
                       image.is_bigendian, image.data)
            return False
        except ImageError as error:
            reason = str(error)
    raise StartError(f'{bag}: the images on {topic} cannot be shown: {reason}')
