"""The server's half without torch: the exported graph on ONNX Runtime, on the CPU."""

from __future__ import annotations

import numpy as np

from slim_split_ros.offboard.errors import ServerError
from slim_split_ros.offboard.postprocess import Candidates
from slim_split_ros.wire.graph_check import ExpectedValue, check_values
from slim_split_ros.wire.manifest import Manifest

OUTPUTS = ['boxes', 'scores', 'labels']


class OnnxRuntime:
    """
    Run `server.onnx`: decoder, detector and the best candidates in one graph.

    Raises ServerError for a file that does not load, ManifestError for one that is damaged or
    whose graph is not what the manifest says.
    """

    def __init__(self, manifest: Manifest, threads: int) -> None:
        # 20 to 54 ms, and a server on torch never pays for it.
        import onnxruntime

        path = manifest.checked_file(manifest.server)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors
        # Threads that spin while they wait take the time of camera and robot where all share two
        # slow cores: `demo --seconds 16`, by turns, lost 167 of 273 frames with it, 99 of 264
        # without.
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=['CPUExecutionProvider'])
        except Exception as error:  # onnxruntime's errors have no common class but this one
            raise ServerError(
                f'{path} does not load in ONNX Runtime {onnxruntime.__version__} ({error}): '
                'export the model again') from error
        channels = manifest.latent_channels
        check_values(path, 'input', self._session.get_inputs(), [
            ExpectedValue('symbols', 'tensor(int8)', (None, channels, None, None)),
            ExpectedValue('inverse_gain', 'tensor(float)', (None, channels)),
            ExpectedValue('width_index', 'tensor(int64)', (None,))])
        check_values(path, 'output', self._session.get_outputs(), [
            ExpectedValue('boxes', 'tensor(float)', (None, None, 4)),
            ExpectedValue('scores', 'tensor(float)', (None, None)),
            ExpectedValue('labels', 'tensor(int64)', (None, None))])

    def run(
        self, symbols: np.ndarray, inverse_gain: np.ndarray, width_index: np.ndarray
    ) -> list[Candidates]:
        """Return the candidates of each frame of a batch."""
        boxes, scores, labels = self._session.run(
            OUTPUTS,
            {'symbols': symbols, 'inverse_gain': inverse_gain, 'width_index': width_index})
        return [Candidates(*of_frame) for of_frame in zip(boxes, scores, labels, strict=True)]
