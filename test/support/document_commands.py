"""The commands that the documents show, as shells would read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re
import shlex

_BLOCK = re.compile(r'^( *)```(?:sh)?\n(.*?)^ *```', re.MULTILINE | re.DOTALL)
_ASSIGNMENT = re.compile(r'[A-Z_]+=')


@dataclass(frozen=True)
class Command:
    """A line of a document, and its words without variables before and comments behind."""

    document: str
    line: str

    @property
    def words(self) -> list[str]:
        words = shlex.split(self.line.replace('…', 'PLACE'), comments=True)
        if '|' in words:
            words = words[:words.index('|')]
        while words and _ASSIGNMENT.match(words[0]):
            words.pop(0)
        return words

    def __str__(self) -> str:
        return f'{self.document}: {self.line}'


def documents(checkout: Path) -> list[Path]:
    """Return everything that users read."""
    return [checkout / 'README.md', *sorted((checkout / 'docs').glob('*.md'))]


def commands(document: Path) -> Iterator[Command]:
    """Yield what stands in blocks of shell and in `code` that begins as a command does."""
    text = document.read_text(encoding='utf-8')
    for block in _BLOCK.finditer(text):
        for line in block[2].replace('\\\n', ' ').splitlines():
            if line.strip() and not line.lstrip().startswith('#'):
                yield Command(document.name, line.strip())
    plain = _BLOCK.sub('', text)
    for code in re.findall(r'`((?:ros2|(?:\.venv/bin/)?python) [^`]+)`', plain):
        yield Command(document.name, ' '.join(code.split()))
