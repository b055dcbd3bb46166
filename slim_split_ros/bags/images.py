"""An image of a bag: the fields of its message as plain data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class BagImage:
    """Hold a `sensor_msgs/Image`; data is uint8 (step * height,); times are nanoseconds."""

    recorded_ns: int
    stamp_ns: int
    frame_id: str
    encoding: str
    width: int
    height: int
    step: int
    is_bigendian: bool
    data: np.ndarray


@dataclass(frozen=True, slots=True)
class CompressedBagImage:
    """Hold a `sensor_msgs/CompressedImage`; data is uint8 (n,); times are nanoseconds."""

    recorded_ns: int
    stamp_ns: int
    frame_id: str
    format: str
    data: np.ndarray
