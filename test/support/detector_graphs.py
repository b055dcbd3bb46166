"""Graphs that find the same whatever they see, for tests of conventions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

PICTURE = np.random.default_rng(7).integers(0, 256, (480, 640, 3), np.uint8)


def constant_graph(
    outputs: Mapping[str, np.ndarray], kind: int, shape: tuple[int, ...]
) -> onnx.ModelProto:
    """Make a graph whose input is of a kind (TensorProto's) and shape, and outputs constant."""
    floating = TensorProto.FLOAT16 if kind == TensorProto.FLOAT16 else TensorProto.FLOAT
    type_of = np.float16 if floating == TensorProto.FLOAT16 else np.float32
    constants, nodes, infos = [], [], []
    for name, values in outputs.items():
        constants.append(onnx.numpy_helper.from_array(values.astype(type_of), f'{name}_value'))
        nodes.append(helper.make_node('Identity', [f'{name}_value'], [name]))
        infos.append(helper.make_tensor_value_info(name, floating, values.shape))
    graph = helper.make_graph(
        nodes, 'detector', [helper.make_tensor_value_info('images', kind, shape)], infos,
        constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def save(
    model: onnx.ModelProto, folder: Path, metadata: Mapping[str, str] | None = None
) -> Path:
    """Write the graph with its metadata and return the file."""
    helper.set_model_props(model, dict(metadata or {}))
    file = folder / 'detector.onnx'
    onnx.save(model, file)
    return file
