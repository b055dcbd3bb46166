"""Pictures of a data set as pixels; what cannot be read is named, and read no further."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slim_split_ros.training.errors import DataSetError
from slim_split_ros.wire.errors import PictureError
from slim_split_ros.wire.picture_header import is_jpeg_or_png, read_picture_size


def read_picture(path: Path) -> NDArray[np.uint8]:
    """
    Return a picture as uint8 (H, W, 3), BGR, turned as its EXIF data ask.

    Raises DataSetError, with the file, for what is missing, cut short, too large or no picture.
    """
    try:
        content = path.read_bytes()
        if is_jpeg_or_png(content):
            read_picture_size(content)
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else (
            None)
    except FileNotFoundError as error:
        raise DataSetError(f'{path}: missing') from error
    except OSError as error:
        raise DataSetError(f'{path}: {error.strerror}') from error
    except PictureError as error:
        raise DataSetError(f'{path}: {error}') from error
    except cv2.error as error:
        raise DataSetError(f'{path}: OpenCV cannot decode it ({error.err})') from error
    if pixels is None:
        raise DataSetError(f'{path}: not a picture that OpenCV reads')
    return pixels
