"""Video payloads that nobody sends in good faith: cut, altered, spliced and invented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import random

from slim_split_ros.coders import EncodedVideo


def hostile_payloads(
    clip: Sequence[EncodedVideo], count: int, seed: int
) -> Iterator[tuple[bytes, bool]]:
    """Yield payloads, and whether their header calls them alone; the same for a seed."""
    source = random.Random(seed)
    for _ in range(count):
        frame = source.choice(clip)
        change = source.choice((_cut, _flip, _overwrite, _splice, _invent))
        # Now and then the header lies, or the frame is left as it is.
        alone = frame.alone != (source.random() < 0.05)
        yield b'\x05' + change(frame.payload[1:], clip, source), alone


def _cut(stream: bytes, clip: Sequence[EncodedVideo], source: random.Random) -> bytes:
    return stream[:source.randrange(len(stream) + 1)]


def _flip(stream: bytes, clip: Sequence[EncodedVideo], source: random.Random) -> bytes:
    altered = bytearray(stream)
    for _ in range(source.choice((1, 1, 2, 10))):
        altered[source.randrange(len(altered))] ^= 1 << source.randrange(8)
    return bytes(altered)


def _overwrite(stream: bytes, clip: Sequence[EncodedVideo], source: random.Random) -> bytes:
    start = source.randrange(len(stream))
    return stream[:start] + source.randbytes(min(source.randrange(1, 60), len(stream) - start))


def _splice(stream: bytes, clip: Sequence[EncodedVideo], source: random.Random) -> bytes:
    other = source.choice(clip).payload[1:]
    return stream[:source.randrange(len(stream))] + other[source.randrange(len(other)):]


def _invent(stream: bytes, clip: Sequence[EncodedVideo], source: random.Random) -> bytes:
    kind = source.choice((b'\x65', b'\x41', b'\x67', b'\x68'))
    return b'\0\0\0\1' + kind + source.randbytes(source.randrange(400))
