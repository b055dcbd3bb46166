"""Which model do tests run where training is not the question? A tiny one, built with onnx alone.

Its encoder averages cells of 16 pixels, its server boxes the brightest cells: a white patch on
black comes out as a box around the patch, at every width and rate.
"""

from __future__ import annotations

from collections.abc import Callable
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from slim_split_ros.wire.entropy_tables import count_symbols, fit_tables
from slim_split_ros.wire.fingerprint import fingerprint_manifest
from slim_split_ros.wire.manifest import FORMAT

CLASSES = ('person', 'robot', 'ball', 'goal_post')
WIDTHS = {0.25: 4, 0.5: 8, 0.75: 12, 1.0: 16}  # width: latent channels
GAINS = (20.0, 10.0)  # one a rate
CANDIDATES = 8
VIDEO = [{'long_side': 320, 'background': 0.8, 'offsets': [-0.1, -0.4]},
         {'long_side': 320, 'background': 1.0, 'offsets': [-0.1, -0.3]},
         {'long_side': 160, 'background': 1.0, 'offsets': [-0.1, -0.3]}]
STRIDE = 16
# What `_best_cells` reads.
BEST_CELLS = {
    'axes_23': np.array([2, 3]), 'axes_2': np.array([2]), 'axes_1': np.array([1]),
    'candidates': np.array([CANDIDATES]), 'one': np.float32(1), 'last': np.array(2),
    'opposite': np.array([0, 0, 1, 1]), 'stride': np.float32(STRIDE), 'zero': np.array(0)}
# Old enough for every onnxruntime that the project accepts.
IR_VERSION, OPSET = 9, 17


def write_tiny_bundle(
    folder: Path, seed: int = 0, with_tables: bool = True, bits: tuple[int, ...] = (),
    with_pictures: bool = False, with_video: bool = False,
) -> Path:
    """
    Write a model folder; another seed gives another fingerprint. Returns the folder.

    With `bits`, one number a rate, symbols travel without entropy coding. With pictures, the
    server rebuilds the brightness of cells and boxes the brightest of those, all of class 0. With
    video, which needs pictures, the map marks cells that are brighter than half.
    """
    import onnx

    folder.mkdir(parents=True, exist_ok=True)
    models = {
        f'encoder_w{round(100 * width):03d}.onnx': _encoder(channels)
        for width, channels in WIDTHS.items()
    } | ({'rebuild.onnx': _rebuild(), 'detect.onnx': _picture_detector()} if with_pictures
         else {'server.onnx': _server()})
    if with_video:
        models['map.onnx'] = _map()
    for name, model in models.items():
        onnx.save(model, str(folder / name))
    manifest = _manifest(seed, with_tables and not bits, bits, tuple(models))
    if with_video:
        manifest['video'] = VIDEO
        for entry in manifest['widths']:
            entry['map'] = 'map.onnx'
    if with_pictures:
        manifest |= {'rebuild': 'rebuild.onnx', 'detect': 'detect.onnx'}
    manifest['files'] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in models}
    (folder / 'manifest.json').write_text(json.dumps(manifest))
    reseal(folder, lambda manifest: None)
    return folder


def reseal(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edit the parsed manifest of a folder in place, and renew its fingerprint."""
    path = folder / 'manifest.json'
    manifest = json.loads(path.read_text())
    edit(manifest)
    manifest['fingerprint'] = fingerprint_manifest(manifest)
    path.write_text(json.dumps(manifest))


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Write another file of a folder, and list it as the exporter would."""
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    reseal(folder, lambda manifest: manifest['files'].update({name: digest}))


def give_detector(folder: Path, file: Path, names: tuple[str, ...]) -> None:
    """Let a folder with pictures have a detector of pictures instead of its own graph."""
    replace_file(folder, 'detector.onnx', file.read_bytes())
    notes = json.dumps({'names': list(names)}).encode()  # JSON is YAML
    replace_file(folder, 'detector.yaml', notes)
    reseal(folder, lambda manifest: (
        manifest.pop('detect'), manifest.pop('candidates'),
        manifest.update({'detector': 'detector.onnx', 'classes': list(names)})))


def _manifest(
    seed: int, with_tables: bool, bits: tuple[int, ...], encoders: tuple[str, ...]
) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        'format': FORMAT, 'seed': seed, 'coder': _coder(with_tables, bits),
        'classes': list(CLASSES), 'input_long_side': 416, 'input_multiple': 32,
        'latent_stride': STRIDE, 'candidates': CANDIDATES, 'detect': 'server.onnx',
        'widths': [
            {'width': width, 'channels': 4 * channels, 'latent_channels': channels,
             'encoder': encoder, 'gains': list(GAINS)}
            for (width, channels), encoder in zip(WIDTHS.items(), encoders, strict=False)
        ],
    }
    if with_tables:
        for entry in manifest['widths']:
            entry['entropy_tables'] = [_tables(entry['latent_channels'], gain) for gain in GAINS]
    if bits:
        manifest['bits'] = list(bits)
    return manifest


def _coder(with_tables: bool, bits: tuple[int, ...]) -> str:
    if bits:
        return 'bits'
    return 'ans' if with_tables else 'zstd'


def _tables(channels: int, gain: float) -> list[dict[str, Any]]:
    symbols = np.arange(round(gain) + 1, dtype=np.int8).repeat(4).reshape(1, -1, 1)
    return [*fit_tables(count_symbols(symbols)).to_json()] * channels


def _encoder(channels: int) -> Any:
    """Average cells, weigh them alike into each channel, scale by the gain, round."""
    from onnx import TensorProto, helper, numpy_helper

    weights = np.full((channels, 3, 1, 1), 1 / (3 * 255), np.float32)
    nodes = [
        helper.make_node('Cast', ['image'], ['float'], to=TensorProto.FLOAT),
        helper.make_node('Transpose', ['float'], ['planes'], perm=[0, 3, 1, 2]),
        helper.make_node('AveragePool', ['planes'], ['cells'], kernel_shape=[STRIDE] * 2,
                         strides=[STRIDE] * 2),
        helper.make_node('Conv', ['cells', 'weights'], ['latents']),
        helper.make_node('Unsqueeze', ['gain', 'axes'], ['gains']),
        helper.make_node('Mul', ['latents', 'gains'], ['scaled']),
        helper.make_node('Round', ['scaled'], ['rounded']),
        helper.make_node('Cast', ['rounded'], ['symbols'], to=TensorProto.INT8),
    ]
    constants = [
        numpy_helper.from_array(weights, 'weights'),
        numpy_helper.from_array(np.array([0, 2, 3], np.int64), 'axes'),
    ]
    inputs = [
        helper.make_tensor_value_info('image', TensorProto.UINT8, [1, 'H', 'W', 3]),
        helper.make_tensor_value_info('gain', TensorProto.FLOAT, [channels]),
    ]
    output = helper.make_tensor_value_info('symbols', TensorProto.INT8, [1, channels, 'h', 'w'])
    return _model(nodes, inputs, [output], constants)


def _map() -> Any:
    """Put cells on level 2 whose mean is above half of white."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node('Cast', ['image'], ['float'], to=TensorProto.FLOAT),
        helper.make_node('Transpose', ['float'], ['planes'], perm=[0, 3, 1, 2]),
        helper.make_node('AveragePool', ['planes'], ['cells'], kernel_shape=[STRIDE] * 2,
                         strides=[STRIDE] * 2),
        helper.make_node('ReduceMean', ['cells'], ['grey'], axes=[1]),
        helper.make_node('Greater', ['grey', 'half'], ['bright']),
        helper.make_node('Cast', ['bright'], ['ones'], to=TensorProto.INT8),
        helper.make_node('Add', ['ones', 'ones'], ['levels']),
    ]
    constants = [numpy_helper.from_array(np.float32(127.5), 'half')]
    inputs = [helper.make_tensor_value_info('image', TensorProto.UINT8, [1, 'H', 'W', 3])]
    output = helper.make_tensor_value_info('levels', TensorProto.INT8, [1, 1, 'h', 'w'])
    return _model(nodes, inputs, [output], constants)


def _server() -> Any:
    """Box the cells with the largest mean over channels; score is that mean over 1 plus it."""
    from onnx import TensorProto, helper

    node = helper.make_node
    nodes = [
        node('Cast', ['symbols'], ['float'], to=TensorProto.FLOAT),
        node('Unsqueeze', ['inverse_gain', 'axes_23'], ['inverse_gains']),
        node('Mul', ['float', 'inverse_gains'], ['latents']),
        node('ReduceMax', ['latents'], ['map'], axes=[1], keepdims=0),
        node('Shape', ['map'], ['shape']),
        *_best_cells(),
        node('Unsqueeze', ['width_index', 'axes_1'], ['width_column']),
        node('Mul', ['places', 'zero'], ['zeros']),
        node('Add', ['zeros', 'width_column'], ['labels']),
    ]
    return _model(nodes, _symbol_inputs(), _candidates(), _constants(BEST_CELLS))


def _rebuild() -> Any:
    """Paint each cell with its brightness."""
    from onnx import TensorProto, helper

    node = helper.make_node
    nodes = [
        node('Cast', ['symbols'], ['float'], to=TensorProto.FLOAT),
        node('Unsqueeze', ['inverse_gain', 'axes_23'], ['inverse_gains']),
        node('Mul', ['float', 'inverse_gains'], ['latents']),
        node('ReduceMax', ['latents'], ['map'], axes=[1], keepdims=1),
        node('Mul', ['map', 'white'], ['bright']),
        node('Clip', ['bright', 'black', 'white'], ['clipped']),
        node('Resize', ['clipped', '', 'scales'], ['pixels'], mode='nearest'),
        node('Concat', ['pixels'] * 3, ['planes'], axis=1),
        node('Transpose', ['planes'], ['rows'], perm=[0, 2, 3, 1]),
        node('Cast', ['rows'], ['ignoring_width'], to=TensorProto.UINT8),
        # Inputs that nobody reads are no inputs to ONNX Runtime.
        node('Cast', ['width_index'], ['width'], to=TensorProto.UINT8),
        node('Mul', ['width', 'none'], ['nothing']),
        node('Unsqueeze', ['nothing', 'axes_123'], ['nothings']),
        node('Add', ['ignoring_width', 'nothings'], ['picture']),
        node('Div', ['planes', 'white'], ['values']),
    ]
    constants = {
        'axes_23': np.array([2, 3]), 'axes_123': np.array([1, 2, 3]), 'white': np.float32(255),
        'black': np.float32(0), 'scales': np.array([1, 1, STRIDE, STRIDE], np.float32),
        'none': np.uint8(0)}
    outputs = [
        helper.make_tensor_value_info('values', TensorProto.FLOAT, ['N', 3, 'H', 'W']),
        helper.make_tensor_value_info('picture', TensorProto.UINT8, ['N', 'H', 'W', 3])]
    return _model(nodes, _symbol_inputs(), outputs, _constants(constants))


def _picture_detector() -> Any:
    """Box the brightest cells of a picture."""
    from onnx import TensorProto, helper

    node = helper.make_node
    nodes = [
        node('ReduceMean', ['values'], ['grey'], axes=[1], keepdims=1),
        node('AveragePool', ['grey'], ['means'], kernel_shape=[STRIDE] * 2,
             strides=[STRIDE] * 2),
        node('Squeeze', ['means', 'axes_1'], ['map']),
        node('Shape', ['map'], ['shape']),
        *_best_cells(),
        node('Mul', ['places', 'zero'], ['labels']),
    ]
    values = helper.make_tensor_value_info('values', TensorProto.FLOAT, ['N', 3, 'H', 'W'])
    return _model(nodes, [values], _candidates(), _constants(BEST_CELLS))


def _best_cells() -> list[Any]:
    """Box the brightest cells of `map` (N, h, w), whose `shape` is given."""
    from onnx import TensorProto, helper

    node = helper.make_node
    return [
        node('Flatten', ['map'], ['cells'], axis=1),
        node('TopK', ['cells', 'candidates'], ['best', 'places'], axis=1),
        node('Add', ['best', 'one'], ['above']),
        node('Div', ['best', 'above'], ['scores']),
        node('Gather', ['shape', 'last'], ['columns']),
        node('Mod', ['places', 'columns'], ['x']),
        node('Div', ['places', 'columns'], ['y']),
        node('Unsqueeze', ['x', 'axes_2'], ['x_2']),
        node('Unsqueeze', ['y', 'axes_2'], ['y_2']),
        node('Concat', ['x_2', 'y_2', 'x_2', 'y_2'], ['corners'], axis=2),
        node('Add', ['corners', 'opposite'], ['boxes_in_cells']),
        node('Cast', ['boxes_in_cells'], ['boxes_float'], to=TensorProto.FLOAT),
        node('Mul', ['boxes_float', 'stride'], ['boxes']),
    ]


def _symbol_inputs() -> list[Any]:
    from onnx import TensorProto, helper

    return [
        helper.make_tensor_value_info('symbols', TensorProto.INT8, ['N', 16, 'h', 'w']),
        helper.make_tensor_value_info('inverse_gain', TensorProto.FLOAT, ['N', 16]),
        helper.make_tensor_value_info('width_index', TensorProto.INT64, ['N']),
    ]


def _candidates() -> list[Any]:
    from onnx import TensorProto, helper

    return [
        helper.make_tensor_value_info('boxes', TensorProto.FLOAT, ['N', CANDIDATES, 4]),
        helper.make_tensor_value_info('scores', TensorProto.FLOAT, ['N', CANDIDATES]),
        helper.make_tensor_value_info('labels', TensorProto.INT64, ['N', CANDIDATES]),
    ]


def _constants(values: dict[str, Any]) -> list[Any]:
    from onnx import numpy_helper

    return [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]


def _model(nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: list[Any]) -> Any:
    from onnx import checker, helper

    graph = helper.make_graph(nodes, 'tiny', inputs, outputs, constants)
    model = helper.make_model(
        graph, ir_version=IR_VERSION, opset_imports=[helper.make_opsetid('', OPSET)])
    checker.check_model(model)
    return model
