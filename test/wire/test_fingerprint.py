import numpy as np
import pytest

from slim_split_ros.wire.fingerprint import fingerprint_model

CONFIG = {'classes': ['ball'], 'widths': [0.25, 1.0]}
TENSORS = {'stem': np.arange(6, dtype=np.float32).reshape(2, 3), 'head': np.zeros(3, np.int8)}


def test_order_of_keys_and_tensors_changes_nothing():
    reordered = dict(reversed(TENSORS.items()))

    assert fingerprint_model(CONFIG, TENSORS) == fingerprint_model(
        dict(reversed(CONFIG.items())), reordered)


def test_byte_order_and_layout_in_memory_change_nothing():
    stem = TENSORS['stem']
    stored = TENSORS | {'stem': np.asfortranarray(stem.astype('>f4'))}

    assert fingerprint_model(CONFIG, stored) == fingerprint_model(CONFIG, TENSORS)


@pytest.mark.parametrize(
    'changed',
    [
        {'stem': TENSORS['stem'] + 1e-6},
        {'stem': TENSORS['stem'].astype(np.float64)},
        {'stem': TENSORS['stem'].reshape(3, 2)},
        {'stem': TENSORS['stem'], 'neck': TENSORS['head']},
    ],
)
def test_a_changed_value_type_shape_or_name_changes_it(changed):
    assert fingerprint_model(CONFIG, TENSORS | changed) != fingerprint_model(CONFIG, TENSORS)


def test_a_changed_configuration_changes_it():
    other = CONFIG | {'classes': ['robot']}

    assert fingerprint_model(other, TENSORS) != fingerprint_model(CONFIG, TENSORS)


def test_it_stays_the_same_from_release_to_release():
    assert fingerprint_model(CONFIG, TENSORS) == 'e775793e4222f65e'
