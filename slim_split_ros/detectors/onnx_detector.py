"""A detector of any known convention on ONNX Runtime: pictures in, detections out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from slim_split_ros.detectors.candidates import Candidates, Outputs
from slim_split_ros.detectors.contradictions import other_conventions
from slim_split_ros.detectors.conventions import READERS
from slim_split_ros.detectors.description import Description
from slim_split_ros.detectors.detections import Detections, Dropped
from slim_split_ros.detectors.errors import (
    DetectorError,
    DetectorFileError,
    DetectorRunError,
    OutputsError,
)
from slim_split_ros.detectors.names import MOST_CLASSES, is_utf8
from slim_split_ros.detectors.picture_input import Placement, place_picture
from slim_split_ros.detectors.plausibility import check_columns, check_units
from slim_split_ros.detectors.port_roles import (
    SIZE_TYPES,
    box_outputs,
    mask_channels,
    picture_input,
)
from slim_split_ros.detectors.recognise import recognise
from slim_split_ros.detectors.signature import Port, Signature

if TYPE_CHECKING:
    import onnxruntime

DEFAULT_SCORE_THRESHOLD = 0.3
DEFAULT_MAX_DETECTIONS = 100
DEFAULT_THREADS = 2
# Suppression compares boxes in pairs; whoever gives more than this gives noise.
_MOST_CANDIDATES = 3000
_TRIAL = (480, 640, 3)
_MOST_SCORE = 1.01  # 1 and what rounding in half precision may add


class OnnxDetector:
    """Detect in pictures; for one thread."""

    def __init__(
        self, session: onnxruntime.InferenceSession, description: Description,
        signature: Signature,
    ) -> None:
        self.description = description
        self._session = session
        self._signature = signature
        self._path = signature.path
        self._nameless = [
            number for number, name in enumerate(description.names) if not name]
        self._picture_name = picture_input(signature).name
        self._size_input = next(
            (port for port in signature.inputs if port.name != self._picture_name), None)
        self._output_names = [port.name for port in signature.outputs]

    @property
    def name(self) -> str:
        """Give the name of its file."""
        return self._path.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Give the classes by label."""
        return self.description.names

    def detect(
        self, picture: np.ndarray, score_threshold: float = DEFAULT_SCORE_THRESHOLD,
        max_detections: int = DEFAULT_MAX_DETECTIONS,
    ) -> Detections:
        """
        Detect in uint8 (H, W, 3), BGR.

        What is not finite, empty, outside or of no class is dropped and counted, the rest clipped
        to the picture. Raises DetectorRunError where the detector fails or what it gives
        contradicts how it is read, and DetectorFileError where it finds a class beyond the names.
        """
        tensor, placement = place_picture(picture, self.description)
        outputs = self._run(tensor, placement)
        try:
            # What overflows is dropped with all that is not finite.
            with np.errstate(all='ignore'):
                check_columns(outputs, self._signature, self.description)
                candidates = READERS[self.description.convention](outputs, self.description)
                return self._select(candidates, placement, score_threshold, max_detections)
        except OutputsError as error:
            raise DetectorRunError(
                f'{self._path}, read as convention {self.description.convention.value}: {error}. '
                f'{self._signature}') from error
        except (ValueError, IndexError, KeyError) as error:
            shapes = {name: output.shape for name, output in outputs.items()}
            raise DetectorRunError(
                f'{self._path}: its outputs {shapes} are not those of convention '
                f'{self.description.convention.value} ({error}). {self._ways_out()}') from error

    def _run(self, tensor: np.ndarray, placement: Placement) -> Outputs:
        feeds = {self._picture_name: tensor}
        if self._size_input is not None:
            feeds[self._size_input.name] = np.array(
                [[placement.picture_width, placement.picture_height]],
                SIZE_TYPES[self._size_input.type])
        try:
            outputs = self._session.run(self._output_names, feeds)
        except Exception as error:  # ONNX Runtime's own family has no common base
            raise DetectorRunError(f'{self._path} failed on a picture: '
                                   f'{" ".join(str(error).split())[:300]}') from error
        return dict(zip(self._output_names, outputs, strict=True))

    def _select(
        self, candidates: Candidates, placement: Placement, score_threshold: float,
        max_detections: int,
    ) -> Detections:
        boxes = placement.to_picture(candidates.boxes, self.description)
        scores, labels = candidates.scores.astype(np.float32), candidates.labels
        is_class = (labels >= 0) & (labels < MOST_CLASSES)
        is_class &= ~np.isin(labels, self._nameless)
        finite = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
        likely = scores >= score_threshold
        found = finite & is_class & likely
        is_box = found & (candidates.boxes[:, 2:] > candidates.boxes[:, :2]).all(axis=1)
        self._check_scores(scores[is_box])
        check_units(candidates.boxes[is_box], self.description.box_units)
        limits = np.array([placement.picture_width, placement.picture_height] * 2, np.float32)
        boxes = np.clip(np.where(found[:, np.newaxis], boxes, 0.0), 0.0, limits)
        order = np.flatnonzero(found & (boxes[:, 2:] > boxes[:, :2]).all(axis=1))
        order = order[np.argsort(-scores[order], kind='stable')]
        dropped = Dropped(
            not_finite=int((~finite & (likely | np.isnan(scores))).sum()),
            outside=int(found.sum()) - len(order),
            of_no_class=int((finite & ~is_class & likely).sum()),
            beyond_most=max(len(order) - _MOST_CANDIDATES, 0))
        order = order[:_MOST_CANDIDATES]
        boxes, scores, labels = boxes[order], np.minimum(scores[order], 1.0), labels[order]
        self._check_named(labels)
        sized = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
        if not candidates.is_final:
            kept = cv2.dnn.NMSBoxesBatched(
                sized.tolist(), scores.tolist(), labels.tolist(), 0.0, self.description.nms_iou)
            chosen = np.array(sorted(kept), np.int64)
            sized, scores, labels = sized[chosen], scores[chosen], labels[chosen]
        return Detections(sized[:max_detections], scores[:max_detections],
                          labels[:max_detections].astype(np.int64), dropped)

    def _check_scores(self, scores: np.ndarray) -> None:
        """Refuse what is no probability: other numbers stand where scores are looked for."""
        highest = scores.max(initial=0.0)
        if highest > _MOST_SCORE:
            raise DetectorRunError(
                f'{self._path}: it gives a score of {highest:g}, read as convention '
                f'{self.description.convention.value}, and scores are from 0 to 1: export it so '
                f'that it gives probabilities. {self._ways_out()}')

    def _ways_out(self) -> str:
        return f'{self._signature}. {other_conventions(self._signature, self.description)}'

    def _check_named(self, labels: np.ndarray) -> None:
        """Refuse a class that has no name: the names are another detector's, all of them."""
        highest = labels.max(initial=-1)
        if highest >= len(self.classes):
            notes = self._path.with_suffix('.yaml').name
            raise DetectorFileError(
                f'{self._path}: it finds class {highest}, counted from 0, but has '
                f'{len(self.classes)} names (from {self.description.names_from}): list the names '
                f'of all its classes as `names` in {notes} beside it. {self._signature}')


def load_detector(path: Path, threads: int = DEFAULT_THREADS) -> OnnxDetector:
    """
    Load a detector and try it once.

    Raises DetectorFileError naming the file and what to do.
    """
    if not os.path.isfile(path):  # unlike pathlib it lets names pass that are too long
        what = 'a folder' if os.path.isdir(path) else 'no file'
        raise DetectorFileError(f'{path} is {what}: give the ONNX file of a detector')
    if not is_utf8(str(path)):  # ONNX Runtime takes no other
        raise DetectorFileError(
            f'{str(path)!r} is not written in UTF-8: rename the file or folder')
    # As in the server's runtime: where nobody loads a detector, nobody pays for it.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Threads that spin while they wait take the time of whatever shares the processor.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider'])
    except Exception as error:  # as above
        raise DetectorFileError(f'{path} cannot be loaded by ONNX Runtime '
                                f'({" ".join(str(error).split())[:300]}): export it anew, as '
                                'ONNX') from error
    signature = _signature(session, path)
    detector = OnnxDetector(session, recognise(signature), signature)
    try:
        detector.detect(np.full(_TRIAL, 128, np.uint8))
    except DetectorError as error:
        raise DetectorFileError(str(error)) from error
    return detector


def _signature(session: onnxruntime.InferenceSession, path: Path) -> Signature:
    inputs, outputs = _ports(session.get_inputs()), _ports(session.get_outputs())
    metadata = session.get_modelmeta().custom_metadata_map
    return Signature(path, inputs, box_outputs(outputs), metadata,
                     mask_channels(inputs, outputs, metadata))


def _ports(arguments: list[onnxruntime.NodeArg]) -> tuple[Port, ...]:
    return tuple(
        Port(item.name, tuple(size if isinstance(size, int) else None for size in item.shape),
             item.type)
        for item in arguments)
