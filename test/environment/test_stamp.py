"""Is a step of set-up repeated exactly when what it depends on has changed?"""

from __future__ import annotations

from pathlib import Path

from tools.environment.stamp import Stamp, content_key


def test_key_changes_with_the_content_of_a_file_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / 'A.msg').write_text('uint8 a')
    before = content_key([tmp_path])

    (tmp_path / 'A.msg').write_text('uint8 b')

    assert content_key([tmp_path]) != before


def test_key_ignores_what_python_compiles_beside_sources(tmp_path: Path) -> None:
    before = content_key([tmp_path])

    (tmp_path / '__pycache__').mkdir()
    (tmp_path / '__pycache__' / 'a.pyc').write_bytes(b'1')

    assert content_key([tmp_path]) == before


def test_step_is_done_only_under_the_key_it_was_done_with(tmp_path: Path) -> None:
    Stamp(tmp_path).mark('runtime', 'one')

    assert Stamp(tmp_path).is_done('runtime', 'one')
    assert not Stamp(tmp_path).is_done('runtime', 'two')
    assert not Stamp(tmp_path).is_done('messages', 'one')


def test_damaged_stamp_means_that_nothing_is_done(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path)
    stamp.mark('runtime', 'one')

    (tmp_path / 'slim_split_setup.json').write_text('{"runtime": ')

    assert not Stamp(tmp_path).is_done('runtime', 'one')
