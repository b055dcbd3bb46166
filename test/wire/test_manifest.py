import contextlib
import copy
import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from slim_split_ros.wire.context_tables import ContextTables
from slim_split_ros.wire.errors import ManifestError
from slim_split_ros.wire.fingerprint import fingerprint_manifest
from slim_split_ros.wire.manifest import load_manifest
from slim_split_ros.wire.payload import Coder
from slim_split_ros.wire.video_settings import VideoSettings
from support.bundles import reseal, write_tiny_bundle

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_tiny_bundle(tmp_path / 'model')


def test_a_manifest_gives_widths_rates_and_tables(bundle):
    manifest = load_manifest(bundle)

    assert [entry.width for entry in manifest.widths] == [0.25, 0.5, 0.75, 1.0]
    assert manifest.latent_channels == 16
    assert manifest.widths[2].gains == (20.0, 10.0)
    assert manifest.rates == 2
    assert len(manifest.tables(0, rate=1)) == 4
    assert manifest.checked_file('server.onnx') == bundle / 'server.onnx'


def test_a_model_without_tables_is_valid(tmp_path):
    manifest = load_manifest(write_tiny_bundle(tmp_path, with_tables=False))

    assert manifest.tables(0, rate=0) is None


def with_bits(data, *bits):
    """Let symbols travel in so many bits a rate; the gains of 20 and 10 need 6 and 5."""
    data.update(bits=list(bits), coder='bits')
    for entry in data['widths']:
        entry.pop('entropy_tables', None)


def test_a_rate_may_fix_the_bits_of_a_symbol(bundle):
    reseal(bundle, lambda data: with_bits(data, 6, 5))

    manifest = load_manifest(bundle)

    assert [manifest.symbol_bits(rate) for rate in (0, 1)] == [6, 5]
    assert manifest.tables(0, rate=0) is None


def test_without_them_the_bits_of_a_symbol_are_not_fixed(bundle):
    assert load_manifest(bundle).symbol_bits(0) is None


def with_contexts(data):
    """Let the tiny model code by context: one level, no planes but that of levels."""
    table = {'offset': 0, 'frequencies': [4000, 96]}
    data['coder'] = 'contexts'
    most = max(entry['latent_channels'] for entry in data['widths'])
    data['contexts'] = {'levels': [table], 'plane_bank': [table] * 32, 'cell_bank': [table] * 32,
                        'planes': 1, 'parents': [[]] * most}
    for entry in data['widths']:
        entry['entropy_tables'] = [
            {'expected': [[200] * (entry['latent_channels'] - 1)]} for _ in entry['gains']]


def test_a_model_may_code_by_context(bundle):
    reseal(bundle, with_contexts)

    manifest = load_manifest(bundle)

    assert manifest.coder is Coder.CONTEXTS
    assert isinstance(manifest.tables(1, rate=1), ContextTables)
    assert len(manifest.tables(1, rate=1)) == 8
    assert manifest.tables(0, rate=0).contexts is manifest.tables(1, rate=1).contexts


@pytest.mark.parametrize(
    ('edit', 'complaint'),
    [
        (lambda data: data.pop('contexts'), 'there are no contexts that use them'),
        (lambda data: data['contexts'].pop('planes'), 'must have levels, plane_bank'),
        (lambda data: data['contexts']['cell_bank'][0]['frequencies'].append(9),
         'must sum to 4096'),
        (lambda data: data['widths'][1]['entropy_tables'][1]['expected'].append([200] * 7),
         'are of 2 levels, contexts have 1 tables'),
        (lambda data: data['widths'][1]['entropy_tables'][1]['expected'][0].pop(),
         r'are for \[8, 7\] channels, must be for 8'),
        (lambda data: data['widths'][1]['entropy_tables'].pop(), 'one entry for each of 2 rates'),
        (lambda data: data['widths'][1]['entropy_tables'][0].pop('expected'),
         'must have expected sizes'),
    ],
)
def test_contexts_that_do_not_fit_are_refused_with_the_file(bundle, edit, complaint):
    reseal(bundle, with_contexts)
    reseal(bundle, edit)

    with pytest.raises(ManifestError, match=rf'manifest\.json: .*{complaint}.*export the model'):
        load_manifest(bundle)


@pytest.mark.parametrize(
    ('edit', 'complaint'),
    [
        (lambda data: with_bits(data, 6), r'bits are \[6\], must be .* each of 2 rates'),
        (lambda data: with_bits(data, 9, 5), r'bits are \[9, 5\], must be one of 1 to 8'),
        (lambda data: with_bits(data, 6, True), r'bits are \[6, True\], must be one of 1 to 8'),
        (lambda data: with_bits(data, 5, 5), r'gains of width 0\.25 reach 20, 5 bits hold .* 16'),
        (lambda data: data.update(bits=[6, 6]), 'must be one of both'),
        (lambda data: data.update(bits=6), 'bits is 6, must be list'),
        (lambda data: data.update(format=1), 'format is 1, this version reads 3 and 4'),
        (lambda data: data.pop('format'), 'format is None, must be int'),
        (lambda data: data.update(classes=[]), 'classes is empty'),
        (lambda data: data.update(input_long_side=400), 'input_long_side 400, input_multiple 32'),
        (lambda data: data.update(candidates=True), 'candidates is True, must be int'),
        (lambda data: data.update(candidates=10**6), 'candidates is 1000000, must be 1 to 2048'),
        (lambda data: data.update(candidates=10**400), r'candidates is 10+, must be 1 to 2048'),
        (lambda data: data['widths'][0].update(width=10**400), r'width is 10+, must be above 0'),
        (lambda data: data['widths'][0].update(gains=[10**400, 1]), 'must hold positive, finite'),
        (lambda data: data['widths'][0].update(gains=[1e-300, 1]), 'must hold positive, finite'),
        (lambda data: data['widths'][0].update(gains=[1] * 10_000), 'gains has 10000 entries'),
        (lambda data: data.update(widths=[{}] * 1000), 'widths has 1000 entries, must have at'),
        (lambda data: (with_bits(data, 8, 8), data['widths'][3].update(latent_channels=4096),
                       data.update(latent_stride=4)), 'make 44302336 symbols a frame'),
        (lambda data: data.update(classes=['ball', 7]), r'classes\[1\] is 7, must be text'),
        (lambda data: data.update(classes=['\ud800']), r'classes\[0\] is .*, must be text'),
        (lambda data: data.update(classes=['a\x1b[2J']), r'classes\[0\] is .*control characters'),
        (lambda data: data.update(classes=['x' * 300]), r'classes\[0\] is .* 1 to 256 bytes'),
        (lambda data: data.pop('coder'), 'coder is None, must be str'),
        (lambda data: data.update(coder='zstd'), "coder is 'zstd', its tables and bits .* of ans"),
        (lambda data: data.update(coder='morse'), "coder is 'morse'"),
        (lambda data: [entry.pop('entropy_tables') for entry in data['widths']],
         "coder is 'ans', its tables and bits are those of raw or zstd"),
        (lambda data: data['widths'][0].pop('entropy_tables'), 'tables of different kinds'),
        (lambda data: data['files'].update({'../x': '0' * 64}), "files is '../x', must be"),
        (lambda data: data['files'].update({'server.onnx': 5}), r'files has 5 for server\.onnx'),
        (lambda data: data.update(detect='../server.onnx'), 'must be a plain file name'),
        (lambda data: data.update(detect='..'), 'must be a plain file name'),
        (lambda data: data.update(detect='/etc/passwd'), 'must be a plain file name'),
        (lambda data: data.update(detect='a\0b'), 'must be a plain file name'),
        (lambda data: data['widths'][0].update(encoder='a/b.onnx'),
         r"widths\[0\]\.encoder is 'a/b\.onnx', must be a plain file name"),
        (lambda data: data['files'].pop('server.onnx'), r'files has no SHA-256 of server\.onnx'),
        (lambda data: data['widths'].reverse(), r'widths are \[1\.0.*must rise'),
        (lambda data: data['widths'][1].update(width=7), 'width is 7, must be above 0'),
        (lambda data: data['widths'][1].update(channels='x'), r"widths\[1\]\.channels is 'x'"),
        (lambda data: data['widths'].append(3), r'widths\[4\]\. is 3, must be an object'),
        (lambda data: (data['widths'][0]['gains'].pop(),
                       data['widths'][0]['entropy_tables'].pop()),
         r'widths have \[1, 2\] gains, must'),
        (lambda data: data['widths'][3]['gains'].__setitem__(1, 0),
         r'widths\[3\]\.gains is \[20\.0, 0\], must hold positive, finite'),
        (lambda data: data['widths'][3].pop('gains'), r'widths\[3\]\.gains is None, must be list'),
        (lambda data: data['widths'][0]['entropy_tables'].pop(), 'one entry for each of 2 rates'),
        (lambda data: data['widths'][0]['entropy_tables'][0].pop(), 'each of 4 latent channels'),
        (lambda data: data['widths'][0]['entropy_tables'][0][0]['frequencies'].append(9),
         'must sum to 4096'),
    ],
)
def test_a_wrong_field_is_named_with_the_file_and_a_remedy(bundle, edit, complaint):
    reseal(bundle, edit)

    with pytest.raises(ManifestError, match=rf'manifest\.json: .*{complaint}.*export the model'):
        load_manifest(bundle)


def test_a_number_beyond_all_in_a_field_that_nobody_reads_is_refused(bundle):
    path = bundle / 'manifest.json'
    path.write_text('{"note": 1e999,' + path.read_text().lstrip()[1:])

    with pytest.raises(ManifestError, match=r'manifest\.json: .*export the model'):
        load_manifest(bundle)


@pytest.mark.parametrize('name', ['gains', 'width', 'encoder'])
def test_a_width_that_was_changed_after_the_export_does_not_load(bundle, name):
    path = bundle / 'manifest.json'
    data = json.loads(path.read_text())
    data['widths'][1][name] = {
        'gains': [gain / 2 for gain in data['widths'][1]['gains']], 'width': 0.6,
        'encoder': 'encoder_w075.onnx'}[name]
    path.write_text(json.dumps(data))

    with pytest.raises(ManifestError, match='it was changed after the export: export the model'):
        load_manifest(bundle)


@pytest.fixture
def video_bundle(tmp_path):
    return write_tiny_bundle(tmp_path / 'video', with_pictures=True, with_video=True)


def test_settings_of_video_are_read_one_a_rate(video_bundle):
    manifest = load_manifest(video_bundle)

    assert manifest.video == (
        VideoSettings(320, 0.8, (-0.1, -0.4)), VideoSettings(320, 1.0, (-0.1, -0.3)),
        VideoSettings(160, 1.0, (-0.1, -0.3)))
    assert [entry.map for entry in manifest.widths] == ['map.onnx'] * 4


def test_model_without_video_has_none(bundle):
    assert load_manifest(bundle).video == ()


def test_video_that_is_changed_after_the_export_does_not_load(video_bundle):
    path = video_bundle / 'manifest.json'
    data = json.loads(path.read_text())
    data['video'][0]['background'] = 0.7
    path.write_text(json.dumps(data))

    with pytest.raises(ManifestError, match='it was changed after the export'):
        load_manifest(video_bundle)


@pytest.mark.parametrize(('edit', 'complaint'), [
    (lambda data: data.update(video=[]), 'video is empty'),
    (lambda data: data.update(video=3), 'video is 3, must be list'),
    (lambda data: data['video'].append(7), r'video\[3\]\. is 7, must be an object'),
    (lambda data: data['video'][1].pop('long_side'), r'video\[1\]\.long_side is None'),
    (lambda data: data['video'][1].update(long_side=9), r'video\[1\]\.long_side is 9'),
    (lambda data: data['video'][1].update(background=1.5), r'video\[1\]\.background is 1\.5'),
    (lambda data: data['video'][1].update(offsets=['x']), r'video\[1\]\.offsets are'),
    (lambda data: data['widths'][2].pop('map'), r'widths \[0\.75\] have no map'),
    (lambda data: data.pop('rebuild'), 'must have rebuild')])
def test_video_that_no_coder_can_follow_is_refused(video_bundle, edit, complaint):
    reseal(video_bundle, edit)

    with pytest.raises(ManifestError, match=complaint):
        load_manifest(video_bundle)


def test_another_file_under_its_own_digest_does_not_load(bundle):
    path = bundle / 'manifest.json'
    data = json.loads(path.read_text())
    data['files']['server.onnx'] = data['files']['encoder_w025.onnx']
    path.write_text(json.dumps(data))

    with pytest.raises(ManifestError, match='it was changed after the export'):
        load_manifest(bundle)


@pytest.mark.parametrize('digits', ['XYZ', '', '0' * 17, 'E' * 16])
def test_a_fingerprint_of_other_digits_is_refused(bundle, digits):
    path = bundle / 'manifest.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | {'fingerprint': digits}))

    with pytest.raises(ManifestError, match=f"fingerprint is '{digits}', must be 16"):
        load_manifest(bundle)


@pytest.mark.parametrize('number', ['NaN', 'Infinity', '-Infinity', '1e400', '1' + '0' * 5000])
def test_numbers_that_no_measurement_gives_are_refused(bundle, number):
    text = (bundle / 'manifest.json').read_text()
    (bundle / 'manifest.json').write_text(text.replace('20.0', number, 1))

    with pytest.raises(ManifestError, match=r'manifest\.json.*export the model'):
        load_manifest(bundle)


def test_a_manifest_of_many_megabytes_is_refused_unread(bundle):
    with (bundle / 'manifest.json').open('wb') as file:
        file.truncate(10**10)

    with pytest.raises(ManifestError, match='more than 4194304 bytes'):
        load_manifest(bundle)


def places(data, path=()):
    """Yield the path of every value below plain data."""
    pairs = enumerate(data) if isinstance(data, list) else data.items()
    for key, value in pairs if len(path) < 7 else ():
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*path, key))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5)


@pytest.fixture(scope='module')
def levels_bundle(tmp_path_factory):
    folder = write_tiny_bundle(
        tmp_path_factory.mktemp('contexts'), with_pictures=True, with_video=True)
    reseal(folder, with_contexts)
    return folder, json.loads((folder / 'manifest.json').read_text())


@given(data=st.data(), value=JSON)
@settings(deadline=None, max_examples=300)
def test_any_value_in_any_place_gives_a_manifest_or_its_error(levels_bundle, data, value):
    folder, whole = levels_bundle
    *path, last = data.draw(st.sampled_from(list(places(whole))))
    changed = copy.deepcopy(whole)
    inner = changed
    for key in path:
        inner = inner[key]
    inner[last] = value
    with contextlib.suppress(ValueError):  # NaN has no fingerprint
        changed['fingerprint'] = fingerprint_manifest(changed)
    (folder / 'manifest.json').write_text(json.dumps(changed))
    try:
        manifest = load_manifest(folder)
    except ManifestError as error:
        assert str(folder / 'manifest.json') in str(error)
        return
    assert manifest.rates


@pytest.mark.parametrize('content', ['', '{', '[1, 2]', '7', '[' * 100_000, '\x00'])
def test_a_file_that_is_no_manifest_is_refused(bundle, content):
    (bundle / 'manifest.json').write_text(content)

    with pytest.raises(ManifestError, match=r'manifest\.json'):
        load_manifest(bundle)


def test_a_missing_folder_is_named_with_a_remedy(tmp_path):
    with pytest.raises(ManifestError, match=r'nowhere.*No such file.*parameter `model`'):
        load_manifest(tmp_path / 'nowhere')
