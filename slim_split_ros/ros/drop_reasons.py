"""Answer which word stands in statuses and logs for a frame that an error dropped."""

from slim_split_ros.onboard import EncodingError, ImageError
from slim_split_ros.wire import ChecksumError, FieldError, PayloadError

FAILURE = 'failure'


def onboard_reason(error: Exception) -> str:
    """Name why an image did not become a frame."""
    return _word(error, ((EncodingError, 'encoding'), (ImageError, 'image'),
                         (FieldError, 'size')))


def offboard_reason(error: Exception) -> str:
    """Name why a frame did not become detections."""
    # Imported here, so that the onboard node loads no server room.
    from slim_split_ros.offboard import FingerprintMismatchError, FrameMismatchError

    return _word(error, ((FingerprintMismatchError, 'model'), (FrameMismatchError, 'mismatch'),
                         (ChecksumError, 'checksum'), (PayloadError, 'payload'),
                         (FieldError, 'header')))


def _word(error: Exception, words: tuple[tuple[type[Exception], str], ...]) -> str:
    return next((word for kind, word in words if isinstance(error, kind)), FAILURE)
