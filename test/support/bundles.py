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
STRIDE = 16
# Old enough for every onnxruntime that the project accepts.
IR_VERSION, OPSET = 9, 17


def write_tiny_bundle(
    folder: Path, seed: int = 0, with_tables: bool = True, bits: tuple[int, ...] = ()
) -> Path:
    """
    Write a model folder; another seed gives another fingerprint. Returns the folder.

    With `bits`, one number a rate, symbols travel without entropy coding.
    """
    import onnx

    folder.mkdir(parents=True, exist_ok=True)
    models = {
        f'encoder_w{round(100 * width):03d}.onnx': _encoder(channels)
        for width, channels in WIDTHS.items()
    } | {'server.onnx': _server()}
    for name, model in models.items():
        onnx.save(model, str(folder / name))
    manifest = _manifest(seed, with_tables and not bits, bits, tuple(models))
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


def _manifest(
    seed: int, with_tables: bool, bits: tuple[int, ...], encoders: tuple[str, ...]
) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        'format': FORMAT, 'seed': seed, 'coder': _coder(with_tables, bits),
        'classes': list(CLASSES), 'input_long_side': 416, 'input_multiple': 32,
        'latent_stride': STRIDE, 'candidates': CANDIDATES, 'server': 'server.onnx',
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


def _server() -> Any:
    """Box the cells with the largest mean over channels; score is that mean over 1 plus it."""
    from onnx import TensorProto, helper, numpy_helper

    node = helper.make_node
    nodes = [
        node('Cast', ['symbols'], ['float'], to=TensorProto.FLOAT),
        node('Unsqueeze', ['inverse_gain', 'axes_23'], ['inverse_gains']),
        node('Mul', ['float', 'inverse_gains'], ['latents']),
        node('ReduceMax', ['latents'], ['map'], axes=[1], keepdims=0),
        node('Flatten', ['map'], ['cells'], axis=1),
        node('TopK', ['cells', 'candidates'], ['values', 'places'], axis=1),
        node('Add', ['values', 'one'], ['above']),
        node('Div', ['values', 'above'], ['scores']),
        node('Shape', ['symbols'], ['shape']),
        node('Gather', ['shape', 'last'], ['columns']),
        node('Mod', ['places', 'columns'], ['x']),
        node('Div', ['places', 'columns'], ['y']),
        node('Unsqueeze', ['x', 'axes_2'], ['x_2']),
        node('Unsqueeze', ['y', 'axes_2'], ['y_2']),
        node('Concat', ['x_2', 'y_2', 'x_2', 'y_2'], ['corners'], axis=2),
        node('Add', ['corners', 'opposite'], ['boxes_in_cells']),
        node('Cast', ['boxes_in_cells'], ['boxes_float'], to=TensorProto.FLOAT),
        node('Mul', ['boxes_float', 'stride'], ['boxes']),
        node('Unsqueeze', ['width_index', 'axes_1'], ['width_column']),
        node('Mul', ['places', 'zero'], ['zeros']),
        node('Add', ['zeros', 'width_column'], ['labels']),
    ]
    constants = {
        'axes_23': np.array([2, 3]), 'axes_2': np.array([2]), 'axes_1': np.array([1]),
        'candidates': np.array([CANDIDATES]), 'one': np.float32(1), 'last': np.array(3),
        'opposite': np.array([0, 0, 1, 1]), 'stride': np.float32(STRIDE), 'zero': np.array(0),
    }
    inputs = [
        helper.make_tensor_value_info('symbols', TensorProto.INT8, ['N', 16, 'h', 'w']),
        helper.make_tensor_value_info('inverse_gain', TensorProto.FLOAT, ['N', 16]),
        helper.make_tensor_value_info('width_index', TensorProto.INT64, ['N']),
    ]
    outputs = [
        helper.make_tensor_value_info('boxes', TensorProto.FLOAT, ['N', CANDIDATES, 4]),
        helper.make_tensor_value_info('scores', TensorProto.FLOAT, ['N', CANDIDATES]),
        helper.make_tensor_value_info('labels', TensorProto.INT64, ['N', CANDIDATES]),
    ]
    initializers = [
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    return _model(nodes, inputs, outputs, initializers)


def _model(nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: list[Any]) -> Any:
    from onnx import checker, helper

    graph = helper.make_graph(nodes, 'tiny', inputs, outputs, constants)
    model = helper.make_model(
        graph, ir_version=IR_VERSION, opset_imports=[helper.make_opsetid('', OPSET)])
    checker.check_model(model)
    return model
