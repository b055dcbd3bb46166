import pytest

from slim_split_ros.wire.fingerprint import fingerprint_manifest

MANIFEST = {
    'classes': ['ball'], 'widths': [{'width': 0.25, 'gains': [1.0, 0.5]}],
    'files': {'server.onnx': '5d2f', 'model.safetensors': 'b4bc'}}


def test_order_of_keys_changes_nothing():
    assert fingerprint_manifest(dict(reversed(MANIFEST.items()))) == fingerprint_manifest(MANIFEST)


def test_it_does_not_cover_itself():
    assert fingerprint_manifest(MANIFEST | {'fingerprint': 'x'}) == fingerprint_manifest(MANIFEST)


@pytest.mark.parametrize('changed', [
    {'classes': ['robot']},
    {'widths': [{'width': 0.25, 'gains': [1.0, 0.25]}]},
    {'files': MANIFEST['files'] | {'server.onnx': '5d2e'}},
    {'files': MANIFEST['files'] | {'other.onnx': '5d2f'}},
    {'note': ''},
])
def test_whatever_is_changed_changes_it(changed):
    assert fingerprint_manifest(MANIFEST | changed) != fingerprint_manifest(MANIFEST)


def test_it_stays_the_same_from_release_to_release():
    assert fingerprint_manifest(MANIFEST) == '4a0a097f02022181'
