"""Answer which nodes a demo runs: the camera for its source, both sides, a link between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from slim_split_ros.bags import CompressedBagImage, read_images
from slim_split_ros.demo.processes import NodePlan

_ROOM = 'slim_split_ros.ros'
_BAG_SUFFIXES = ('.mcap', '.db3')


def plan_nodes(source: str | None, seed: int, model: str, first_width: float) -> list[NodePlan]:
    """
    Return camera, onboard and offboard; None as source means the simulated camera.

    Raises BagError for a bag without images.
    """
    both = {'model': model}
    onboard = {**both, 'width': first_width}
    if source is not None and is_bag(Path(source)) and _is_compressed(Path(source)):
        onboard['image_transport'] = 'compressed'
    return [
        _plan_camera(source, seed),
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
        'trace': str(trace.expanduser().resolve()), 'begins_s': begins_s})
    return [
        camera, replace(onboard, remappings=_below(sent, 'features')), link,
        replace(offboard, remappings=_below(sent, 'link_report', 'detections'))]


def _below(folder: str, *topics: str) -> Mapping[str, str]:
    return {topic: f'{folder}/{topic}' for topic in topics}


def is_bag(source: Path) -> bool:
    """Tell a recording of ROS messages from a folder of images or a video."""
    return source.suffix in _BAG_SUFFIXES or (source / 'metadata.yaml').is_file()


def _plan_camera(source: str | None, seed: int) -> NodePlan:
    if source is None:
        return NodePlan('sim_camera', f'{_ROOM}.cameras.sim_camera_node', {'seed': seed})
    path = str(Path(source).resolve())
    if is_bag(Path(source)):
        return NodePlan(
            'bag_camera', f'{_ROOM}.cameras.bag_camera_node', {'bag': path, 'loop': True})
    return NodePlan(
        'file_camera', f'{_ROOM}.cameras.file_camera_node', {'source': path, 'loop': True})


def _is_compressed(bag: Path) -> bool:
    return isinstance(next(read_images(bag), None), CompressedBagImage)
