"""
Does what a YAML says of a detector fit its graph?

What does not would fail in ONNX Runtime's words, or find nothing or what is not there, in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from slim_split_ros.detectors.conventions.tensorflow import PARTS, part_of
from slim_split_ros.detectors.conventions.yolov5 import ANCHORS_V5
from slim_split_ros.detectors.conventions.yolox import grid_cells
from slim_split_ros.detectors.description import BoxUnits, Convention, Description, Layout
from slim_split_ros.detectors.errors import DetectorFileError
from slim_split_ros.detectors.overrides import template
from slim_split_ros.detectors.signature import OutputKind, Port, Signature, kind_of

_OUTPUTS = {
    Convention.YOLO: 'one output of 1 x (4 + classes) x N',
    Convention.YOLOV5: 'one output of 1 x N x (5 + classes)',
    Convention.END_TO_END: 'one output of 1 x n x 6',
    Convention.YOLOX: 'one output of 1 x N x (5 + classes), N the cells of the grids',
    Convention.SELECTED: 'three outputs, one named after box, 1 x n x 4, and one after score',
    Convention.TENSORFLOW: 'outputs named ' + ', '.join(PARTS),
    Convention.QUERIES: 'two outputs, one of 1 x n x 4',
    Convention.QUERIES_SOFTMAX: 'two outputs, one of 1 x n x 4',
    Convention.BOXES_SCORES: 'two outputs, one of 1 x N x 4',
}
_NO_WAY_OUT = 'No YAML describes these outputs: export it as one that docs/detectors.md lists'
# What goes into a graph that takes bytes.
_AS_THEY_ARE = {'scale': 1.0, 'mean': (0.0,) * 3, 'deviation': (1.0,) * 3}


def check_input(
    notes: Path, said: Mapping[str, Any], picture: Port, guessed_layout: Layout
) -> None:
    """Raise DetectorFileError for a layout, size or range that the input does not take."""
    layout = said.get('layout', guessed_layout)
    if picture.shape[1 if layout is Layout.NCHW else 3] not in (3, None):
        _refuse(notes, f'layout is {layout.value}', f'takes {picture}: give '
                f'{guessed_layout.value}')
    if 'input_width' in said:
        size = said['input_width'], said['input_height']
        height, width = picture.sides(layout)
        fixed = width or size[0], height or size[1]
        if size != fixed:
            _refuse(notes, f'input_size is {list(size)}', f'takes {picture}: give {list(fixed)}')
    if picture.type == 'tensor(uint8)':
        for entry, value in _AS_THEY_ARE.items():
            if said.get(entry, value) != value:
                _refuse(notes, f'{entry} is {said[entry]}', f'takes {picture}, bytes as they '
                        'are: leave the entry out')


def check_outputs(
    notes: Path, said: Mapping[str, Any], signature: Signature, width: int, height: int
) -> None:
    """Raise DetectorFileError for a convention or units of boxes that the graph cannot have."""
    convention = said.get('convention')
    if convention and not _are_of(convention, signature, grid_cells(width, height)):
        _refuse(notes, f'convention is {convention.value}',
                f'gives {"; ".join(map(str, signature.outputs))}, where that convention has '
                f'{_OUTPUTS[convention]}: {_another(signature, width, height)}')
    if (convention is Convention.SELECTED and said.get('box_units') is BoxUnits.FRACTION
            and _are_of(Convention.TENSORFLOW, signature, 0)):
        _refuse(notes, 'convention is selected, and box_units is fraction', 'names its outputs '
                'as TensorFlow does, whose boxes begin with their top: give tensorflow')
    if said.get('box_units') is BoxUnits.PICTURE and len(signature.inputs) == 1:
        _refuse(notes, 'box_units is picture', 'has no second input for the size of the '
                'picture: give input or fraction')


def ways_out(signature: Signature, width: int, height: int) -> str:
    """Say how a detector that is not understood may be used: by which YAML, if by any."""
    possible = _possible(signature, width, height)
    if not possible:
        return _NO_WAY_OUT
    notes = signature.path.with_suffix('.yaml').name
    return ('Export it as one that docs/detectors.md lists or, if it is one, describe it in '
            f'{notes} beside it, where every entry is optional:\n{template(possible)}')


def other_conventions(signature: Signature, tried: Description) -> str:
    """Say in one line, as of each picture, how it may be read if not as it was tried."""
    others = [convention.value
              for convention in _possible(signature, tried.input_width, tried.input_height)
              if convention is not tried.convention]
    if not others:
        return _NO_WAY_OUT
    return (f'If it is of convention {" or ".join(others)}, say so in '
            f'{signature.path.with_suffix(".yaml").name} beside it')


def _another(signature: Signature, width: int, height: int) -> str:
    possible = [convention.value for convention in _possible(signature, width, height)]
    if not possible:
        return 'no convention has such outputs, export it as one that docs/detectors.md lists'
    return f'give {" or ".join(possible)}, or leave the entry out'


def _possible(signature: Signature, width: int, height: int) -> list[Convention]:
    cells = grid_cells(width, height)
    return [convention for convention in Convention if _are_of(convention, signature, cells)]


def _are_of(convention: Convention, signature: Signature, cells: int) -> bool:
    outputs = signature.outputs
    if convention is Convention.TENSORFLOW:
        return len(outputs) == len(PARTS) and all(part_of(port.name) for port in outputs)
    if convention is Convention.SELECTED:
        kinds = {kind_of(port.name): port.shape_of(3) for port in outputs}
        return (len(outputs) == 3 and OutputKind.SCORES in kinds
                and len(kinds.get(OutputKind.BOXES, ())) == 3)
    is_pair = convention in (
        Convention.QUERIES, Convention.QUERIES_SOFTMAX, Convention.BOXES_SCORES)
    shapes = [port.shape_of(3) for port in outputs]
    if len(shapes) != (2 if is_pair else 1) or any(len(shape) != 3 for shape in shapes):
        return False
    if is_pair:
        return any(shape[2] in (4, None) for shape in shapes)
    rows, columns = shapes[0][1:]
    if convention is Convention.END_TO_END:
        return columns in (6, None) or signature.has_more_than_boxes and columns > 6
    if convention is Convention.YOLO:
        return all(side is None or side > 4 for side in (rows, columns))
    if convention is Convention.YOLOX:
        return rows in (cells, None) and (columns is None or columns > 5)
    is_many = rows in (ANCHORS_V5 * cells, None) or columns is None or rows > columns
    return is_many and (columns is None or columns > 5)


def _refuse(notes: Path, entry: str, why: str) -> NoReturn:
    raise DetectorFileError(f'{notes}: {entry}, but the graph {why}')
