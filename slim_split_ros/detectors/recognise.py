"""How is a detector's file understood? By its ports and metadata, and a YAML beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
import re
from typing import Any

from slim_split_ros.detectors import coco
from slim_split_ros.detectors.class_columns import (
    MASK_COEFFICIENTS,
    MOST_NAMELESS,
    columns_of,
    given_names,
    literal,
    named_columns,
)
from slim_split_ros.detectors.contradictions import check_input, check_outputs, ways_out
from slim_split_ros.detectors.conventions.tensorflow import part_of
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
from slim_split_ros.detectors.overrides import read_overrides
from slim_split_ros.detectors.port_roles import PICTURE_TYPES, picture_input
from slim_split_ros.detectors.signature import OutputKind, Port, Shape, Signature, kind_of

_LARGEST_SIDE = 4096
# Where neither shape nor metadata name the size.
_USUAL_SIDE = 640
# End-to-end detectors give some hundreds of rows; raw ones thousands.
_MOST_SELECTED = 1000
# DETR-like detectors give some hundreds of queries; anchors are thousands.
_MOST_QUERIES = 1000
# Box, score and class of one that selects by itself.
_SELECTED_COLUMNS = 6
_MOST_KEY_POINTS = 200
_QUERIES = (Convention.QUERIES, Convention.QUERIES_SOFTMAX)
_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_NO_MEAN, _NO_DEVIATION = (0.0,) * 3, (1.0,) * 3
_RTDETR = re.compile('rt-?detr', re.IGNORECASE)
# What outputs are called whose boxes are differences from anchors that only their makers know.
_RAW = ('regression', 'delta', 'offset')


def recognise(signature: Signature) -> Description:
    """
    Return how to use a detector; raise DetectorFileError for one that fits nothing.

    What `<file>.yaml` beside the file says counts more than what is guessed, and the rest is
    guessed by it; it is refused where the graph cannot be so.
    """
    notes = signature.path.with_suffix('.yaml')
    said = _read_notes(notes)
    picture = picture_input(signature)
    _check_readable(signature)
    given, given_by = (said['names'], notes.name) if 'names' in said else given_names(signature)
    named = _number_named(signature, given)
    guess = _guess_input(signature, picture, notes, said, named)
    check_outputs(notes, said, signature, guess.input_width, guess.input_height)
    if len(signature.inputs) == 2:
        if guess.convention is not Convention.SELECTED:
            raise DetectorFileError(
                f'{signature.path}: nobody knows what its second input takes: only in convention '
                f'selected it is the size of the picture. {signature}. Export it without')
        guess = replace(guess, box_units=BoxUnits.PICTURE)
    columns = columns_of(signature, guess.convention, named)
    names, names_from = named_columns(
        signature, guess.convention, given, given_by, columns, is_said='names' in said)
    return replace(guess, **said | {'names': names, 'names_from': names_from})


def _read_notes(notes: Path) -> dict[str, Any]:
    if notes.is_file():
        return read_overrides(notes)
    alike = notes.with_suffix('.yml')
    if alike.is_file():
        raise DetectorFileError(f'{alike} is not read: rename it to {notes.name}')
    return {}


def _check_readable(signature: Signature) -> None:
    """Refuse outputs that no convention and no YAML can describe."""
    if signature.task == 'obb':
        raise DetectorFileError(
            f'{signature.path}: its boxes are turned (task obb), ours stand upright: export a '
            f'detector of task detect, pose or segment. {signature}')
    if not all(_is_numbers(port) for port in signature.outputs):
        raise DetectorFileError(
            f'{signature.path}: it gives other things than tensors of numbers. {signature}')
    for port in signature.outputs:
        if any(word in port.name.lower() for word in _RAW):
            raise DetectorFileError(
                f'{signature.path}: {port.name} says that boxes are not decoded, and no YAML '
                f'describes its anchors: export it with its decoding. {signature}')


def _number_named(signature: Signature, names: tuple[str, ...]) -> int:
    """Return how many classes are named, with blank lines at the end only where they fit."""
    filled = max(
        (number for number, name in enumerate(names, start=1) if name.strip()), default=0)
    shapes = [port.shape for port in signature.outputs if len(port.shape) == 3]
    return next((named for named in (filled, len(names)) for shape in shapes
                 if 4 + named in shape[1:] or 5 + named == shape[2]), filled)


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
            f'{signature.path}: no convention of detectors fits it. {signature}. '
            f'{ways_out(signature, width, height)}')
    usual = _usual(convention, layout, width, height, PICTURE_TYPES[picture.type])
    if convention is Convention.QUERIES and not _is_normalized(signature):
        usual = replace(usual, mean=_NO_MEAN, deviation=_NO_DEVIATION)
    if 'convention' not in said and _is_rtdetr(signature):
        usual = replace(usual, resize=Resize.STRETCH, box_units=BoxUnits.FRACTION)
    return usual


def _is_normalized(signature: Signature) -> bool:
    """Return whether ImageNet's mean goes off; RT-DETR and D-FINE of Transformers take none."""
    names = {port.name for port in (*signature.inputs, *signature.outputs)}
    widths = {port.shape_of(3)[-1] for port in signature.outputs}
    if {'dets', 'labels'} <= names or len(coco.NAMES_BY_NUMBER) in widths:
        return True  # RF-DETR, and what follows Deformable DETR
    return 'pixel_values' not in names and len(coco.NAMES) not in widths


def _is_rtdetr(signature: Signature) -> bool:
    """Return whether it is Ultralytics' RT-DETR: fractions and scores, [1, n, 4 + classes]."""
    return bool(_RTDETR.search(signature.metadata.get('description', ''))) and [
        len(port.shape_of(3)) for port in signature.outputs] == [3]


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
    if _is_rtdetr(signature):
        return Convention.YOLO
    if len(shapes) == 3:
        return _convention_of_three(signature)
    if len(shapes) == 2 and all(len(shape) == 3 for shape in shapes.values()):
        return _convention_of_two(signature, shapes, named)
    if len(shapes) == 1:
        shape, = shapes.values()
        if len(shape) == 3:
            return _convention_of_one(shape, grid_cells(width, height), signature, named)
    return None


def _convention_of_three(signature: Signature) -> Convention | None:
    if all(part_of(port.name) for port in signature.outputs):
        return Convention.TENSORFLOW
    kinds = {kind_of(port.name): len(port.shape_of(3)) for port in signature.outputs}
    has_all = len(kinds) == 3 and None not in kinds
    return Convention.SELECTED if has_all and kinds[OutputKind.BOXES] == 3 else None


def _convention_of_two(
    signature: Signature, shapes: Mapping[str, Shape], named: int
) -> Convention | None:
    if not any(shape[2] == 4 for shape in shapes.values()):
        return None
    if any('detection_boxes' in name for name in shapes):
        raise DetectorFileError(
            f'{signature.path}: boxes that TensorFlow names so begin with their top, and no YAML '
            'describes that: export its detection_boxes, detection_scores and detection_classes. '
            f'{signature}')
    says_logits = any('logit' in name.lower() for name in shapes)
    has_logits = says_logits or any('labels' in name.lower() for name in shapes)
    rows = next(iter(shapes.values()))[1]
    # Where the graph leaves them free only the plainer word will do.
    is_few = says_logits if rows is None else rows <= _MOST_QUERIES
    if not (has_logits and is_few):
        return Convention.BOXES_SCORES
    is_softmax = says_logits and not named and len(coco.NAMES_OF_SOFTMAX) in (
        shape[2] for shape in shapes.values())
    return Convention.QUERIES_SOFTMAX if is_softmax else Convention.QUERIES


def _convention_of_one(
    shape: Shape, cells: int, signature: Signature, named: int
) -> Convention | None:
    first, second = shape[1:]
    if _is_selected(first, second, cells, signature):
        return Convention.END_TO_END
    if second is None:
        return Convention.YOLO if _are_columns(first, signature, named) else None
    if first == cells and second > 5:
        # The same rows, turned: names tell whether there is objectness, or COCO's number.
        return Convention.YOLO if second == 4 + (named or len(coco.NAMES)) else Convention.YOLOX
    if second > 5 and first == ANCHORS_V5 * cells:
        return Convention.YOLOV5
    if first is not None and first > 4 and (second == cells or second > first):
        return Convention.YOLO
    return None


def _is_selected(
    first: int | None, second: int | None, cells: int, signature: Signature
) -> bool:
    """Return whether rows of box, score and class are meant, with key points or masks behind."""
    if first is None or second is None:
        # How many rows, or even how wide, some exports leave free.
        return signature.selects and second in (_SELECTED_COLUMNS, None)
    if first == cells or first > _MOST_SELECTED or second == cells:
        return False
    if second == _SELECTED_COLUMNS:
        return True
    if not signature.has_more_than_boxes:
        return False
    more = second - _SELECTED_COLUMNS
    is_key_points = signature.task == 'pose' and more % 3 == 0 and (
        0 < more <= 3 * _MOST_KEY_POINTS)
    is_masks = more == (signature.mask_channels or MASK_COEFFICIENTS)
    return is_key_points or is_masks or 0 < more and (signature.selects or second < first)


def _are_columns(first: int | None, signature: Signature, named: int) -> bool:
    """Return whether so many are the columns of a YOLO whose number of anchors is free."""
    if first is None or first <= 4:
        return False
    if not named:
        return first < MOST_NAMELESS + signature.mask_channels
    more = first - 4 - named
    if signature.task == 'pose':
        return more > 0 and (more % 3 == 0 or more % 2 == 0)
    is_masks = more == (signature.mask_channels or MASK_COEFFICIENTS)
    return more == 0 or is_masks and signature.has_more_than_boxes


def _usual(
    convention: Convention, layout: Layout, width: int, height: int, dtype: str
) -> Description:
    """Return how pictures go into detectors of a convention as their makers export them."""
    resize, channels, scale = Resize.LETTERBOX, 'rgb', 1 / 255
    mean, deviation, units = _NO_MEAN, _NO_DEVIATION, BoxUnits.INPUT
    if convention is Convention.YOLOX:
        resize, channels, scale = Resize.LETTERBOX_TOP_LEFT, 'bgr', 1.0
    elif convention in (
            Convention.SELECTED, Convention.TENSORFLOW, Convention.BOXES_SCORES, *_QUERIES):
        resize = Resize.STRETCH
    if convention in _QUERIES:
        mean, deviation, units = _IMAGENET_MEAN, _IMAGENET_DEVIATION, BoxUnits.FRACTION
    elif convention is Convention.TENSORFLOW:
        scale, units = 1.0, BoxUnits.FRACTION  # whatever else pixels need is in the graph
    elif convention is Convention.BOXES_SCORES:
        # Those of MobileNets: -1 to 1.
        scale, mean, units = 1 / 127.5, (1.0,) * 3, BoxUnits.FRACTION
    if dtype == 'uint8':
        scale, mean, deviation = 1.0, _NO_MEAN, _NO_DEVIATION
    return Description(
        convention, width, height, layout, dtype, resize, channels, scale, mean, deviation,
        units, names=(), names_from='', nms_iou=0.45)
