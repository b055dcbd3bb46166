"""A small model, pictures and a detector, for what is made and judged without labels."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope='session')
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a model that was not trained."""
    from slim_split_ros.training.data.coco_folder import load_split
    from support.drawn_data import write_drawn_data
    from support.small_networks import write_untrained_model

    folder = tmp_path_factory.mktemp('base')
    write_drawn_data(folder / 'data', 'train', 4)
    write_untrained_model(folder / 'model', [load_split(folder / 'data', 'train').images])
    return folder / 'model'


@pytest.fixture(scope='session')
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of 16 pictures, as whoever keeps frames on the robot has."""
    from support.drawn_data import write_drawn_data

    folder = tmp_path_factory.mktemp('frames')
    write_drawn_data(folder, 'train', 16)
    return folder / 'images' / 'train'


@pytest.fixture(scope='session')
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a detector that finds, wherever it looks, one thing in the upper left quarter."""
    import numpy as np

    from support.detector_graphs import constant_graph, save

    rows = np.float32([[[0, 0, 32, 32, 0.9, 1]]])
    folder = tmp_path_factory.mktemp('detector')
    return save(constant_graph({'output0': rows}, 1, (1, 3, 64, 64)), folder,
                {'names': "['saucer', 'cup']"})
