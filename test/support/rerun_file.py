"""What Rerun's own command reads in a recording."""

from __future__ import annotations

from collections import Counter
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

_CHUNK = re.compile(r'^Chunk\(\w+\) with (\d+) rows .* - /(\S+) - ', re.MULTILINE)


def logged_rows(path: Path, home: Path) -> Counter[str]:
    """Count the rows of each entity; CalledProcessError if Rerun cannot make sense of the file."""
    command = shutil.which('rerun', path=Path(sys.executable).parent)
    environment = {**os.environ, 'HOME': str(home), 'XDG_CONFIG_HOME': str(home / 'config')}

    def run(*words: str) -> str:
        return subprocess.run([command, *words], env=environment, capture_output=True, text=True,
                              timeout=60, check=True).stdout

    # Rerun shall count nothing of a test.
    run('analytics', 'disable')
    run('rrd', 'verify', str(path))
    rows: Counter[str] = Counter()
    for count, entity in _CHUNK.findall(run('rrd', 'print', str(path))):
        rows[entity] += int(count)
    return rows
