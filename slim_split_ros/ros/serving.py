"""What the offboard node serves with: model, decoder and detector, as its parameters say."""

from dataclasses import dataclass
import os
from pathlib import Path

from rclpy.impl.rcutils_logger import RcutilsLogger

from slim_split_ros.coders import why_no_video_decoding
from slim_split_ros.detectors import (
    DetectorError,
    DetectorFileError,
    OnnxDetector,
    load_detector,
)
from slim_split_ros.offboard import Server, load_server
from slim_split_ros.ros.health.server_status import ServerFacts
from slim_split_ros.ros.model import bundle_folder, shipped_model, warn_of_slow_coder
from slim_split_ros.ros.settings.offboard_parameters import NO_DETECTOR, OffboardSettings
from slim_split_ros.ros.settings.onboard_parameters import SHIPPED
from slim_split_ros.wire import Manifest, load_manifest


@dataclass(frozen=True, slots=True)
class Serving:
    """
    Hold what was loaded; `classes` are the detector's by label, and empty where there is none.

    `detector_problem` says why the user's detector is not used, and is empty where it is.
    """

    manifest: Manifest
    server: Server
    classes: tuple[str, ...]
    detects: bool
    detector_problem: str
    facts: ServerFacts


def load_serving(settings: OffboardSettings, logger: RcutilsLogger) -> Serving:
    """
    Load the model, and the detector; a wrong detector never stops the rebuilding.

    Raises WireError, OffboardError or StartError for a model that cannot be used.
    """
    manifest = load_manifest(bundle_folder(settings.model, settings.codec))
    detector, problem = _load_detector(settings.detector, logger)
    is_shipped = settings.detector == SHIPPED
    detects = is_shipped or detector is not None
    server = load_server(manifest, settings.device, detector=detector, detects=detects)
    understood = NO_DETECTOR if problem else settings.detector
    if server.detector:
        understood = server.detector.description.sentence()
        logger.info(f'detector {server.detector.name} understood as {understood}')
        if manifest.detector is None:
            logger.warning(
                f'the pictures of {manifest.folder.name} are repaired to please its own detector, '
                'and others find less in them: for this one take model general, or what `adapt` '
                'writes')
    warn_of_slow_coder(logger)
    if manifest.video and (missing := why_no_video_decoding()):
        logger.warning(f'frames of the coder video are refused: {missing}')
    classes = manifest.classes if is_shipped else detector.classes if detector else ()
    return Serving(
        manifest, server, classes, detects, problem,
        ServerFacts(str(manifest.folder), manifest.fingerprint, decoded_coders(manifest),
                    understood, server.place))


def decoded_coders(manifest: Manifest) -> tuple[str, ...]:
    """Return the words for the coders that a server with this model decodes."""
    symbols = 'ensemble' if shipped_model(manifest.fingerprint) == 'ensemble' else 'cells'
    has_video = manifest.video and not why_no_video_decoding()
    return (symbols, 'video') if has_video else (symbols,)


def _load_detector(name: str, logger: RcutilsLogger) -> tuple[OnnxDetector | None, str]:
    if name in (SHIPPED, NO_DETECTOR):
        return None, ''
    try:
        if not name.strip():  # as a path it would be the folder in which the node was started
            raise DetectorFileError(
                f'detector is {name!r}: give {SHIPPED}, {NO_DETECTOR}, or the ONNX file of a '
                'detector')
        return load_detector(Path(os.path.expanduser(name))), ''
    except DetectorError as error:
        problem = f'{error}. Pictures are rebuilt, but nothing is detected'
        logger.error(problem)
        return None, problem
