"""The files that a manifest names: theirs, whole, and inside the folder."""

import os
from pathlib import Path

import pytest

from slim_split_ros.wire.errors import ManifestError
from slim_split_ros.wire.manifest import load_manifest
from support.bundles import give_detector, reseal, write_tiny_bundle

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_tiny_bundle(tmp_path / 'model')


def test_a_link_that_goes_round_is_refused(bundle):
    (bundle / 'server.onnx').unlink()
    (bundle / 'server.onnx').symlink_to('server.onnx')

    with pytest.raises(ManifestError, match=r'server\.onnx cannot be read'):
        load_manifest(bundle).checked_file('server.onnx')


@pytest.mark.parametrize('name', ['server.onnx', 'manifest.json'])
def test_a_pipe_is_not_waited_for(bundle, name):
    manifest = load_manifest(bundle)
    (bundle / name).unlink()
    os.mkfifo(bundle / name)

    with pytest.raises(ManifestError, match=r'cannot be read \(it is no regular file\)'):
        manifest.checked_file(name) if name in manifest.files else load_manifest(bundle)


def test_a_link_out_of_the_folder_is_not_followed(bundle, tmp_path):
    (bundle / 'server.onnx').rename(tmp_path / 'server.onnx')
    (bundle / 'server.onnx').symlink_to(tmp_path / 'server.onnx')

    with pytest.raises(ManifestError, match=r'server\.onnx is a link to .*, outside the model'):
        load_manifest(bundle).checked_file('server.onnx')


def test_a_folder_installed_by_links_is_read(bundle, tmp_path):
    installed = tmp_path / 'installed'
    installed.mkdir()
    for file in bundle.iterdir():
        (installed / file.name).symlink_to(file)

    assert load_manifest(installed).checked_file('server.onnx').is_file()


def test_a_damaged_model_file_is_named(bundle):
    with (bundle / 'server.onnx').open('r+b') as file:
        file.truncate(100)

    with pytest.raises(ManifestError, match=r'server\.onnx is damaged: its SHA-256 is'):
        load_manifest(bundle).checked_file('server.onnx')


def test_a_missing_model_file_is_named(bundle):
    (bundle / 'server.onnx').unlink()

    with pytest.raises(ManifestError, match=r'server\.onnx cannot be read \(No such file'):
        load_manifest(bundle).checked_file('server.onnx')


def test_a_file_that_the_manifest_does_not_list_is_refused(bundle):
    with pytest.raises(ManifestError, match='is not listed under files'):
        load_manifest(bundle).checked_file('other.onnx')


@pytest.fixture
def with_detector(tmp_path: Path) -> Path:
    """Give a model whose detector is one of pictures; what lies in its file is not read here."""
    folder = write_tiny_bundle(tmp_path / 'model', with_pictures=True)
    (file := tmp_path / 'some.onnx').write_bytes(b'a detector')
    give_detector(folder, file, ('cup', ''))
    return folder


def test_a_model_may_have_a_detector_of_pictures(with_detector):
    manifest = load_manifest(with_detector)

    assert manifest.detect is None
    assert manifest.checked_detector() == with_detector / 'detector.onnx'
    assert manifest.classes == ('cup', '')


@pytest.mark.parametrize('name', ['detector.onnx', 'detector.yaml'])
def test_a_changed_detector_of_a_model_is_named(with_detector, name):
    (with_detector / name).write_bytes(b'other')

    with pytest.raises(ManifestError, match=f'{name} is damaged'):
        load_manifest(with_detector).checked_detector()


def test_notes_beside_a_detector_that_are_not_the_models_are_refused(with_detector):
    (with_detector / 'detector.txt').write_text('saucer')

    with pytest.raises(ManifestError, match=r'detector\.txt is not listed under files'):
        load_manifest(with_detector).checked_detector()


@pytest.mark.parametrize(('edit', 'message'), [
    ({'detect': 'rebuild.onnx'}, 'there are detect and detector, must be one of both'),
    ({'detector': 'rebuild'}, 'files has no SHA-256 of rebuild'),
    ({'detector': 'detector.yaml'}, r"detector is 'detector\.yaml', must end in \.onnx"),
    ({'rebuild': None}, 'no rebuild that makes them'),
])
def test_a_detector_that_does_not_fit_the_rest_is_refused(with_detector, edit, message):
    reseal(with_detector, lambda manifest: manifest.update(edit))

    with pytest.raises(ManifestError, match=message):
        load_manifest(with_detector)
