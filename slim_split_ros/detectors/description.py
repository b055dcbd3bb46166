"""What is known of a detector's file: its convention, how pictures go in, what its classes are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Convention(Enum):
    """Name what the outputs mean; each has a file of this name in `conventions/`."""

    YOLO = 'yolo'                   # [1, 4 + classes, N]: YOLOv8, YOLO11, NanoDet decoded
    YOLOV5 = 'yolov5'               # [1, N, 5 + classes], with objectness
    END_TO_END = 'end_to_end'       # [1, n, 6]: corners, score, class
    YOLOX = 'yolox'                 # [1, N, 5 + classes], relative to the cells of grids
    SELECTED = 'selected'           # boxes, scores, labels: RT-DETR, D-FINE, DEIM
    TENSORFLOW = 'tensorflow'       # the same, top first: exports of its object detection API
    QUERIES = 'queries'             # boxes and logits of each query: RF-DETR
    QUERIES_SOFTMAX = 'queries_softmax'     # the same, the last column no object: DETR, YOLOS
    BOXES_SCORES = 'boxes_scores'   # boxes and scores of each anchor: SSD


class Resize(Enum):
    """Name how a picture becomes the input."""

    LETTERBOX = 'letterbox'                     # aspect kept, centred, grey beside it
    LETTERBOX_TOP_LEFT = 'letterbox_top_left'   # aspect kept, at the top left, grey beside it
    STRETCH = 'stretch'


class Layout(Enum):
    """Name the order of the input's axes."""

    NCHW = 'nchw'
    NHWC = 'nhwc'


class BoxUnits(Enum):
    """Name what boxes are measured in."""

    INPUT = 'input'         # pixels of the input
    FRACTION = 'fraction'   # of the input's width and height
    PICTURE = 'picture'     # pixels of the size that the second input names


@dataclass(frozen=True, slots=True)
class Description:
    """
    Describe one detector.

    A pixel goes in as (value x scale - mean) / deviation, in the order of `channels`, which is
    `rgb` or `bgr`. `names` are the classes by their column, empty text for a column that is none.
    """

    convention: Convention
    input_width: int
    input_height: int
    layout: Layout
    dtype: str                          # numpy's name: uint8, float16, float32
    resize: Resize
    channels: str
    scale: float
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    box_units: BoxUnits
    names: tuple[str, ...]
    names_from: str
    nms_iou: float

    def sentence(self) -> str:
        """Say how the file was understood, for a log."""
        plain = self.mean == (0.0,) * 3 and self.deviation == (1.0,) * 3
        normalized = '' if plain else f', minus {_numbers(self.mean)} over ' \
                                      f'{_numbers(self.deviation)}'
        classes = sum(map(bool, self.names))
        return (
            f'{self.convention.value}: {self.input_width}x{self.input_height} '
            f'{self.layout.value} {self.dtype}, {self.resize.value}, {self.channels}, times '
            f'{self.scale:.6g}{normalized}; boxes in {self.box_units.value} units; '
            f'{classes} classes from {self.names_from}')


def _numbers(values: tuple[float, ...]) -> str:
    return '/'.join(f'{value:.6g}' for value in values)
