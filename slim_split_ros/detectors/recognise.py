"""How is a detector's file understood? By its ports and metadata, and a YAML beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from slim_split_ros.detectors import coco
from slim_split_ros.detectors.class_columns import (
    columns_of,
    given_names,
    literal,
    named_columns,
)
from slim_split_ros.detectors.contradictions import check_input, check_outputs
from slim_split_ros.detectors.conventions.yolov5 import ANCHORS_V5
from slim_split_ros.detectors.conventions.yolox import grid_cells
from slim_split_ros.detectors.description import (
    BoxUnits,
    Convention,
    Description,
    Layout,
    Resize,
)
from slim_split_ros.detectors.errors import DetectorFileError
from slim_split_ros.detectors.overrides import read_overrides, template
from slim_split_ros.detectors.signature import OutputKind, Port, Shape, Signature, kind_of

# Of the second input, the size of the picture: numpy's types by ONNX Runtime's.
SIZE_TYPES = {'tensor(int64)': 'int64', 'tensor(int32)': 'int32', 'tensor(float)': 'float32'}
_TYPES = {'tensor(float)': 'float32', 'tensor(float16)': 'float16', 'tensor(uint8)': 'uint8'}
_LARGEST_SIDE = 4096
# Where neither shape nor metadata name the size.
_USUAL_SIDE = 640
# End-to-end detectors give some hundreds of rows; raw ones thousands.
_MOST_SELECTED = 1000
# DETR-like detectors give some hundreds of queries; anchors are thousands.
_MOST_QUERIES = 1000
_QUERIES = (Convention.QUERIES, Convention.QUERIES_SOFTMAX)
_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_NO_MEAN, _NO_DEVIATION = (0.0,) * 3, (1.0,) * 3


def recognise(signature: Signature) -> Description:
    """
    Return how to use a detector; raise DetectorFileError for one that fits nothing.

    What `<file>.yaml` beside the file says counts more than what is guessed, and the rest is
    guessed by it; it is refused where the graph cannot be so.
    """
    notes = signature.path.with_suffix('.yaml')
    said = read_overrides(notes) if notes.is_file() else {}
    picture = _picture_input(signature)
    if signature.task == 'obb':
        raise DetectorFileError(
            f'{signature.path}: its boxes are turned (task obb), ours stand upright: export a '
            'detector of task detect, pose or segment')
    if not all(_is_numbers(port) for port in signature.outputs):
        raise DetectorFileError(
            f'{signature.path}: it gives other things than tensors of numbers. {signature}')
    given, given_by = (said['names'], notes.name) if 'names' in said else given_names(signature)
    guess = _guess_input(signature, picture, notes, said, len(_without_blank_end(given)))
    check_outputs(notes, said, signature, guess.input_width, guess.input_height)
    if guess.convention is Convention.SELECTED and len(signature.inputs) == 2:
        guess = replace(guess, box_units=BoxUnits.PICTURE)
    columns = columns_of(signature, guess.convention, len(given))
    names, names_from = named_columns(
        signature, guess.convention, given, given_by, columns, is_said='names' in said)
    return replace(guess, **said | {'names': names, 'names_from': names_from})


def _without_blank_end(names: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out the names that blank lines at the end of a file are."""
    last = max((place for place, name in enumerate(names) if name.strip()), default=-1)
    return names[:last + 1]


def _guess_input(
    signature: Signature, picture: Port, notes: Path, said: Mapping[str, Any], named: int
) -> Description:
    """Return a description without names, as the makers of the convention export theirs."""
    layout = Layout.NHWC if picture.shape[3] == 3 and picture.shape[1] != 3 else Layout.NCHW
    check_input(notes, said, picture, layout)
    layout = said.get('layout', layout)
    height, width = _size(picture.sides(layout), signature.metadata)
    height, width = said.get('input_height', height), said.get('input_width', width)
    if max(height, width) > _LARGEST_SIDE:
        raise DetectorFileError(
            f'{signature.path}: its input has {width}x{height} pixels, both must be at most '
            f'{_LARGEST_SIDE}: export it for smaller pictures')
    convention = said.get('convention') or _convention(signature, width, height, named)
    if convention is None:
        raise DetectorFileError(
            f'{signature.path}: no convention of detectors fits it. {signature}. Export it as one '
            f'that docs/detectors.md lists or, if it is one, describe it in {notes.name} beside '
            f'it: {template()}')
    return _usual(convention, layout, width, height, _TYPES[picture.type])


def _picture_input(signature: Signature) -> Port:
    pictures = [port for port in signature.inputs if len(port.shape) == 4
                and (3 in (port.shape[1], port.shape[3]) or port.shape[1] is port.shape[3] is None)
                and port.type in _TYPES]
    others = [port for port in signature.inputs if port not in pictures]
    sizes_only = all(len(port.shape) == 2 and port.shape[-1] == 2 and port.type in SIZE_TYPES
                     for port in others)
    if len(pictures) != 1 or len(others) > 1 or not sizes_only:
        raise DetectorFileError(
            f'{signature.path}: it does not take one picture of three channels (and at most its '
            f'size), as detectors do. {signature}')
    batch = pictures[0].shape[0]
    if batch not in (None, 1):
        raise DetectorFileError(
            f'{signature.path}: it takes {batch} pictures at a time: export it with batch 1')
    return pictures[0]


def _is_numbers(port: Port) -> bool:
    return port.type.startswith('tensor(') and port.type != 'tensor(string)'


def _size(sides: Shape, metadata: Mapping[str, str]) -> tuple[int, int]:
    """Return height and width of the input."""
    named = literal(metadata.get('imgsz', ''))
    if isinstance(named, int):
        named = [named, named]
    if not (isinstance(named, (list, tuple)) and len(named) == 2
            and all(isinstance(side, int) and 0 < side <= _LARGEST_SIDE for side in named)):
        named = [_USUAL_SIDE, _USUAL_SIDE]
    height, width = (side or other for side, other in zip(sides, named, strict=True))
    return height, width


def _convention(
    signature: Signature, width: int, height: int, named: int
) -> Convention | None:
    shapes = {port.name: port.shape for port in signature.outputs}
    if len(shapes) == 3:
        kinds = {kind_of(port.name): len(port.shape_of(3)) for port in signature.outputs}
        has_all = len(kinds) == 3 and None not in kinds
        return Convention.SELECTED if has_all and kinds[OutputKind.BOXES] == 3 else None
    if len(shapes) == 2 and all(len(shape) == 3 for shape in shapes.values()):
        return _convention_of_two(shapes, named)
    if len(shapes) == 1:
        shape, = shapes.values()
        if len(shape) == 3:
            return _convention_of_one(shape, width, height, signature, named)
    return None


def _convention_of_two(shapes: Mapping[str, Shape], named: int) -> Convention | None:
    if not any(shape[2] == 4 for shape in shapes.values()):
        return None
    says_logits = any('logit' in name.lower() for name in shapes)
    has_logits = says_logits or any('labels' in name.lower() for name in shapes)
    rows = next(iter(shapes.values()))[1]
    # Where the graph leaves them free only the plainer word will do.
    is_few = says_logits if rows is None else rows <= _MOST_QUERIES
    if not (has_logits and is_few):
        return Convention.BOXES_SCORES
    is_softmax = not named and len(coco.NAMES_OF_SOFTMAX) in (
        shape[2] for shape in shapes.values())
    return Convention.QUERIES_SOFTMAX if is_softmax else Convention.QUERIES


def _convention_of_one(
    shape: Shape, width: int, height: int, signature: Signature, named: int
) -> Convention | None:
    first, second = shape[1:]
    cells = grid_cells(width, height)
    if first == cells and second is not None and second > 5:
        # The same rows, turned: names tell whether there is objectness.
        return Convention.YOLO if named and second == 4 + named else Convention.YOLOX
    if second is not None and second > 5 and first == ANCHORS_V5 * cells:
        return Convention.YOLOV5
    is_selected = first is not None and first <= _MOST_SELECTED
    has_more = signature.has_more_than_boxes and second is not None
    if is_selected and (second == 6 or has_more and 6 < second < first):
        return Convention.END_TO_END
    if first is not None and first > 4 and (second == cells or second is None or second > first):
        return Convention.YOLO
    return None


def _usual(
    convention: Convention, layout: Layout, width: int, height: int, dtype: str
) -> Description:
    """Return how pictures go into detectors of a convention as their makers export them."""
    resize, channels, scale = Resize.LETTERBOX, 'rgb', 1 / 255
    mean, deviation, units = _NO_MEAN, _NO_DEVIATION, BoxUnits.INPUT
    if convention is Convention.YOLOX:
        resize, channels, scale = Resize.LETTERBOX_TOP_LEFT, 'bgr', 1.0
    elif convention in (Convention.SELECTED, Convention.BOXES_SCORES, *_QUERIES):
        resize = Resize.STRETCH
    if convention in _QUERIES:
        mean, deviation, units = _IMAGENET_MEAN, _IMAGENET_DEVIATION, BoxUnits.FRACTION
    elif convention is Convention.BOXES_SCORES:
        # Those of MobileNets: -1 to 1.
        scale, mean, units = 1 / 127.5, (1.0,) * 3, BoxUnits.FRACTION
    if dtype == 'uint8':
        scale, mean, deviation = 1.0, _NO_MEAN, _NO_DEVIATION
    return Description(
        convention, width, height, layout, dtype, resize, channels, scale, mean, deviation,
        units, names=(), names_from='', nms_iou=0.45)
