"""
The classes of COCO, which detectors without names of their own most often have.

Source: cocodataset.org, instances_val2017.json, `categories`.
"""

NAMES = (
    'person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train', 'truck', 'boat',
    'traffic light', 'fire hydrant', 'stop sign', 'parking meter', 'bench', 'bird', 'cat', 'dog',
    'horse', 'sheep', 'cow', 'elephant', 'bear', 'zebra', 'giraffe', 'backpack', 'umbrella',
    'handbag', 'tie', 'suitcase', 'frisbee', 'skis', 'snowboard', 'sports ball', 'kite',
    'baseball bat', 'baseball glove', 'skateboard', 'surfboard', 'tennis racket', 'bottle',
    'wine glass', 'cup', 'fork', 'knife', 'spoon', 'bowl', 'banana', 'apple', 'sandwich',
    'orange', 'broccoli', 'carrot', 'hot dog', 'pizza', 'donut', 'cake', 'chair', 'couch',
    'potted plant', 'bed', 'dining table', 'toilet', 'tv', 'laptop', 'mouse', 'remote',
    'keyboard', 'cell phone', 'microwave', 'oven', 'toaster', 'sink', 'refrigerator', 'book',
    'clock', 'vase', 'scissors', 'teddy bear', 'hair drier', 'toothbrush',
)
# Categories are numbered to 90 with these gaps; detectors with 91 columns use the numbers.
_GAPS = (0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83)


def _names_by_number() -> tuple[str, ...]:
    left = iter(NAMES)
    return tuple('' if number in _GAPS else next(left) for number in range(91))


NAMES_BY_NUMBER = _names_by_number()
# A softmax has one column more, the last.
NAMES_OF_SOFTMAX = (*NAMES_BY_NUMBER, '')
