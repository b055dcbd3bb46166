"""The networks of a width as the robot runs them: on ONNX Runtime, threads set, without torch."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slim_split_ros.onboard.errors import EncoderError
from slim_split_ros.wire.graph_check import ExpectedValue, check_values

if TYPE_CHECKING:
    import onnxruntime

IMAGE = ExpectedValue('image', 'tensor(uint8)', (1, None, None, 3))

class EncoderNetwork:
    """
    Run the exported encoder of one width.

    Raises EncoderError for a file that does not load, ManifestError for another graph than an
    encoder of so many latent channels.
    """

    def __init__(self, path: Path, latent_channels: int, threads: int) -> None:
        self._session = _load(
            path, threads, (IMAGE, ExpectedValue('gain', 'tensor(float)', (latent_channels,))),
            ExpectedValue('symbols', 'tensor(int8)', (1, latent_channels, None, None)))

    def run(self, canvas: np.ndarray, gain: np.ndarray) -> np.ndarray:
        """Turn uint8 (H, W, 3), BGR, and float32 (C,) into symbols, int8 (C, h, w)."""
        symbols: np.ndarray = self._session.run(
            ['symbols'], {'image': canvas[np.newaxis], 'gain': gain})[0]
        return symbols[0]


class MapNetwork:
    """
    Run the map of one width alone: half of the time of the whole encoder, at the narrowest.

    Raises EncoderError for a file that does not load, ManifestError for another graph.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self._session = _load(
            path, threads, (IMAGE,), ExpectedValue('levels', 'tensor(int8)', (1, 1, None, None)))

    def run(self, canvas: np.ndarray) -> np.ndarray:
        """Turn uint8 (H, W, 3), BGR, into the level of each cell, int8 (h, w)."""
        levels: np.ndarray = self._session.run(['levels'], {'image': canvas[np.newaxis]})[0]
        return levels[0, 0]


def _load(
    path: Path, threads: int, inputs: tuple[ExpectedValue, ...], output: ExpectedValue
) -> onnxruntime.InferenceSession:
    # 20 to 54 ms, and only whoever encodes pays for it.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # The defaults take every core of the board.
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    # Plans and memory of each width would stay reserved: 15 MB more at the same speed.
    _share_memory()
    options.add_session_config_entry('session.use_env_allocators', '1')
    options.enable_mem_pattern = False
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider'])
    except Exception as error:  # onnxruntime's errors have no common class but this one
        raise EncoderError(
            f'{path} does not load in ONNX Runtime {onnxruntime.__version__} ({error}): '
            'export the model again') from error
    check_values(path, 'input', session.get_inputs(), inputs)
    check_values(path, 'output', session.get_outputs(), [output])
    return session


@lru_cache(maxsize=1)
def _share_memory() -> None:
    """Let all widths use one arena of the process, grown no further than asked."""
    import onnxruntime

    memory = onnxruntime.OrtMemoryInfo(
        'Cpu', onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0,
        onnxruntime.OrtMemType.DEFAULT)
    as_requested, default = 1, -1
    onnxruntime.create_and_register_allocator(memory, onnxruntime.OrtArenaCfg({
        'max_mem': 0, 'arena_extend_strategy': as_requested,
        'initial_chunk_size_bytes': default, 'max_dead_bytes_per_chunk': default}))
