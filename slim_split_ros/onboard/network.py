"""How does an encoder run on the robot? On ONNX Runtime, threads set; torch is never here."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from slim_split_ros.onboard.errors import EncoderError


class EncoderNetwork:
    """Run the exported encoder of one width."""

    def __init__(self, path: Path, threads: int) -> None:
        # 20 to 54 ms, and only whoever encodes pays for it.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # The defaults take every core of the board.
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=['CPUExecutionProvider'])
        except Exception as error:  # onnxruntime's errors have no common class but this one
            raise EncoderError(
                f'{path} does not load in ONNX Runtime {onnxruntime.__version__} ({error}): '
                'export the model again') from error

    def run(self, canvas: np.ndarray, gain: np.ndarray) -> np.ndarray:
        """Turn uint8 (H, W, 3), BGR, and float32 (C,) into symbols, int8 (C, H/16, W/16)."""
        symbols: np.ndarray = self._session.run(
            ['symbols'], {'image': canvas[np.newaxis], 'gain': gain})[0]
        return symbols[0]
