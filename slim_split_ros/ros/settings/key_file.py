"""The key that the parameter `auth_key_file` names, read from a file that nobody else can read."""

import os
from pathlib import Path
import shlex
import stat

from slim_split_ros.ros.errors import StartError
from slim_split_ros.wire.authentication import AuthKey
from slim_split_ros.wire.errors import KeyFormatError

AUTH_KEY_MEANING = (
    'file with the key of both nodes, 32 hexadecimal digits at least, readable by its owner '
    'alone; empty: frames, reports and answers are believed whoever made them')
AUTH_KEY_EXAMPLE = '/etc/slim_split.key'
# Far more than any key; what else lies there is not read.
_MOST_BYTES = 4096


def load_key(file: str) -> AuthKey | None:
    """Return the key, None where no file is named; raise StartError for one that is no good."""
    if not file:
        return None
    path = Path(os.path.expanduser(file))
    try:
        _check_mode(path, path.stat().st_mode)
        with path.open('rb') as opened:
            text = opened.read(_MOST_BYTES)
    except OSError as error:
        raise StartError(
            f'auth_key_file {path} cannot be read ({error.strerror}): give the right path, or '
            f'{_making(path)}') from error
    if not text.strip():
        raise StartError(f'auth_key_file {path} is empty: {_making(path)}')
    try:
        return AuthKey.from_text(text.decode('ascii', errors='replace'))
    except KeyFormatError as error:
        raise StartError(f'auth_key_file {path}: {error}: {_making(path)}') from error


def _making(path: Path) -> str:
    return ('copy it from where the other nodes have it, or, where none has one yet, make a key '
            f'with `(umask 077; openssl rand -hex 32 > {shlex.quote(str(path))})`')


def _check_mode(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise StartError(f'auth_key_file {path} is no file: name one that holds a key')
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise StartError(
            f'auth_key_file {path} has mode {stat.S_IMODE(mode):04o}, others than its owner can '
            f'use it: `chmod 600 {shlex.quote(str(path))}`; if they may have read it, make '
            'another key')
