"""The server's half without torch: the exported graphs on ONNX Runtime, on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from slim_split_ros.offboard.errors import ServerError
from slim_split_ros.offboard.picture_values import to_values
from slim_split_ros.offboard.postprocess import Candidates
from slim_split_ros.wire.graph_check import ExpectedValue, check_values
from slim_split_ros.wire.manifest import Manifest

if TYPE_CHECKING:
    import onnxruntime

VALUES = ExpectedValue('values', 'tensor(float)', (None, 3, None, None))
PICTURE = ExpectedValue('picture', 'tensor(uint8)', (None, None, None, 3))
CANDIDATES = (
    ExpectedValue('boxes', 'tensor(float)', (None, None, 4)),
    ExpectedValue('scores', 'tensor(float)', (None, None)),
    ExpectedValue('labels', 'tensor(int64)', (None, None)))


class OnnxRuntime:
    """
    Rebuild pictures and detect in them; a model without pictures detects from its symbols.

    Raises ServerError for a file that does not load, ManifestError for one that is damaged or
    whose graph is not what the manifest says.
    """

    place = 'the CPU with ONNX Runtime'
    # Batches of 2, 3 and 4 take 66.7, 69.6 and 69.4 ms a frame (robocup, one thread, the fastest
    # of 18), one frame alone 66.6; with two threads 84 to 93 and 68.
    most_together = 1

    def __init__(self, manifest: Manifest, threads: int, detects: bool = True) -> None:
        self._most_candidates, self._classes = manifest.candidates, len(manifest.classes)
        channels = manifest.latent_channels
        symbols = (
            ExpectedValue('symbols', 'tensor(int8)', (None, channels, None, None)),
            ExpectedValue('inverse_gain', 'tensor(float)', (None, channels)),
            ExpectedValue('width_index', 'tensor(int64)', (None,)))
        seen = symbols
        if manifest.rebuild:
            self._rebuild = _load(manifest, manifest.rebuild, threads, symbols, (VALUES, PICTURE))
            seen = (VALUES,)
        if detects:
            self._detect = _load(manifest, manifest.detect, threads, seen, CANDIDATES)

    def rebuild(
        self, symbols: np.ndarray, inverse_gain: np.ndarray, width_index: np.ndarray, *,
        with_pictures: bool, detects: bool,
    ) -> tuple[np.ndarray | None, list[Candidates] | None]:
        """Return pictures uint8 (N, H, W, 3), BGR, and candidates, what is wanted of both."""
        wanted = [name for name, is_wanted in (('values', detects), ('picture', with_pictures))
                  if is_wanted]
        rebuilt = dict(zip(wanted, self._rebuild.run(
            wanted, {'symbols': symbols, 'inverse_gain': inverse_gain,
                     'width_index': width_index}), strict=True))
        found = self._candidates({'values': rebuilt['values']}) if detects else None
        return rebuilt.get('picture'), found

    def detect_symbols(
        self, symbols: np.ndarray, inverse_gain: np.ndarray, width_index: np.ndarray
    ) -> list[Candidates]:
        """Return the candidates of each frame of a model that rebuilds no pictures."""
        return self._candidates(
            {'symbols': symbols, 'inverse_gain': inverse_gain, 'width_index': width_index})

    def detect_pictures(self, pixels: np.ndarray) -> list[Candidates]:
        """Return the candidates of each input, uint8 (N, H, W, 3), BGR."""
        return self._candidates({'values': to_values(pixels)})

    def _candidates(self, inputs: dict[str, np.ndarray]) -> list[Candidates]:
        found = self._detect.run([value.name for value in CANDIDATES], inputs)
        return [self._within_manifest(*of_frame) for of_frame in zip(*found, strict=True)]

    def _within_manifest(
        self, boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray
    ) -> Candidates:
        """Hold a graph to what its manifest says: as many candidates, of these classes."""
        most = self._most_candidates
        good = np.flatnonzero((labels[:most] >= 0) & (labels[:most] < self._classes))
        return Candidates(boxes[good], scores[good], labels[good])


def _load(
    manifest: Manifest, name: str, threads: int, inputs: tuple[ExpectedValue, ...],
    outputs: tuple[ExpectedValue, ...],
) -> onnxruntime.InferenceSession:
    # 20 to 54 ms, and a server on torch never pays for it.
    import onnxruntime

    path = manifest.checked_file(name)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    # Threads that spin while they wait take the time of camera and robot where all share two
    # slow cores: `demo --seconds 16`, by turns, lost 167 of 273 frames with it, 99 of 264
    # without.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider'])
    except Exception as error:  # onnxruntime's errors have no common class but this one
        raise ServerError(
            f'{path} does not load in ONNX Runtime {onnxruntime.__version__} ({error}): '
            'export the model again') from error
    check_values(path, 'input', session.get_inputs(), inputs)
    check_values(path, 'output', session.get_outputs(), outputs)
    return session
