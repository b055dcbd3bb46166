"""Which input takes the picture, and which outputs tell boxes? A detector may have others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slim_split_ros.detectors.conventions.tensorflow import PARTS, part_of
from slim_split_ros.detectors.errors import DetectorFileError
from slim_split_ros.detectors.signature import Port, Signature

# numpy's types by ONNX Runtime's.
PICTURE_TYPES = {
    'tensor(float)': 'float32', 'tensor(float16)': 'float16', 'tensor(uint8)': 'uint8'}
# Of the second input, the size of the picture.
SIZE_TYPES = {'tensor(int64)': 'int64', 'tensor(int32)': 'int32', 'tensor(float)': 'float32'}
_PICTURE_AXES = 4
# Two numbers as well, of PaddlePaddle's, that are neither width nor the picture's.
_NO_SIZES = ('scale', 'im_shape', 'image_shape')
# Boxes, scores and classes have fewer.
_MASK_AXES = 4
# Masks are a quarter as wide and high as the input.
_MASK_STRIDE = 4


def picture_input(signature: Signature) -> Port:
    """Return the input for the picture; raise DetectorFileError where there is not just one."""
    pictures = [port for port in signature.inputs if not _why_no_picture(port)]
    others = [port for port in signature.inputs if port not in pictures]
    why = ''
    if len(pictures) > 1:
        why = f'it takes {len(pictures)} pictures'
    elif not pictures:
        why = '; '.join(filter(None, map(_why_no_picture, others))) or 'it has no input'
    elif others and not (len(others) == 1 and _is_size(others[0])):
        why = f'nobody knows what {"; ".join(map(str, others))} takes'
    if why:
        raise DetectorFileError(
            f'{signature.path}: it does not take one picture of three channels (and at most its '
            f'size), as detectors do: {why}. {signature}')
    batch = pictures[0].shape[0]
    if batch not in (None, 1):
        raise DetectorFileError(f'{signature.path}: it takes {batch} pictures at a time: export '
                                f'it with batch 1. {signature}')
    return pictures[0]


def _why_no_picture(port: Port) -> str:
    """Return empty text for the input of a picture, or why it is none, with what would be."""
    rank = len(port.shape)
    if rank == _PICTURE_AXES - 1 and 3 in (port.shape[0], port.shape[2]):
        return f'{port.name} has no batch axis: export it with batch 1'
    if rank != _PICTURE_AXES:
        return f'{port.name} has {rank} axes, a picture has {_PICTURE_AXES}'
    channels, last = port.shape[1], port.shape[3]
    # Channels that are left free come first; one that comes last is grey.
    if 3 not in (channels, last) and (channels is not None or last in (1, 2)):
        return f'{port.name} has no axis of three channels: export it for colour'
    if port.type not in PICTURE_TYPES:
        return f'{port.name} takes {port.type}: export it for float32, float16 or uint8'
    return ''


def _is_size(port: Port) -> bool:
    return (len(port.shape) == 2 and port.shape[-1] == 2 and port.type in SIZE_TYPES
            and not any(word in port.name.lower() for word in _NO_SIZES))


def box_outputs(outputs: Sequence[Port]) -> tuple[Port, ...]:
    """Return the outputs that tell boxes: no masks, and no grids that training looks at."""
    of_tensorflow = tuple(port for port in outputs if part_of(port.name))
    if len(of_tensorflow) == len(PARTS):
        return of_tensorflow
    return tuple(port for port in outputs
                 if len(port.shape) < _MASK_AXES or _may_be_boxes(port)) or tuple(outputs)


def _may_be_boxes(port: Port) -> bool:
    name = port.name.lower()
    return port.shape[-1] == 4 or 'box' in name and 'mask' not in name


def mask_channels(
    inputs: Sequence[Port], outputs: Sequence[Port], metadata: Mapping[str, str]
) -> int:
    """Return how many coefficients of a mask may stand behind each box, 0 for no masks."""
    others = [port for port in outputs if port not in box_outputs(outputs)]
    task = metadata.get('task', '')
    if (len(others) != 1 or len(others[0].shape) != _MASK_AXES or len(outputs) != 2
            or task not in ('', 'segment')):
        return 0
    sides = next((port.shape[2:] for port in inputs if len(port.shape) == _PICTURE_AXES), ())
    is_quarter = all(
        side is None or mask is None or mask * _MASK_STRIDE == side
        for side, mask in zip(sides, others[0].shape[2:], strict=False))
    return others[0].shape[1] or 0 if task or is_quarter else 0
