from pathlib import Path
import platform
import shutil

import pytest

from tools.arm64 import __main__ as arm64


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand on an x86-64 Debian that has everything, with nothing unpacked."""
    monkeypatch.setattr(platform, 'machine', lambda: 'x86_64')
    monkeypatch.setattr(arm64, '_release', lambda: 'ID=debian\nVERSION_CODENAME=bookworm\n')
    monkeypatch.setattr(arm64, 'ROOT', tmp_path / 'root')
    monkeypatch.setattr('os.geteuid', lambda: 0)
    monkeypatch.setattr(shutil, 'which', lambda name: f'/usr/bin/{name}')


def test_a_machine_that_has_everything_runs_them(debian: None) -> None:
    assert arm64.why_not() == ''


def test_another_machine_skips_them_with_the_reason(
    debian: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, 'machine', lambda: 'aarch64')

    assert arm64.main([]) == 0
    assert 'skipped, it emulates aarch64 on an x86-64 Debian' in capsys.readouterr().out


def test_what_is_missing_is_named_by_its_package(
    debian: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, 'which', lambda name: None)

    assert arm64.why_not() == (
        'missing are: apt install qemu-user-static debootstrap gcc-aarch64-linux-gnu')


def test_without_root_nothing_is_unpacked(debian: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('os.geteuid', lambda: 1000)

    assert 'needs root' in arm64.why_not()
