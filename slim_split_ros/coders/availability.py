"""What of video can be done on this machine, and if not, why: the one place that asks."""

from __future__ import annotations

from functools import lru_cache

ENCODER = 'libx264'
REMEDY = 'install it with `pip install "av<19"` or as python3-av'


@lru_cache(maxsize=1)
def why_no_video_encoding() -> str:
    """Return why pictures cannot be coded as video here, in a sentence; empty if they can."""
    if missing := why_no_video_decoding():
        return missing
    from av import codecs_available

    if ENCODER not in codecs_available:
        return (f'the FFmpeg of PyAV here was built without {ENCODER}: take the wheel of PyPI '
                '(`pip install "av<19"`), or pin points of another coder')
    return ''


@lru_cache(maxsize=1)
def why_no_video_decoding() -> str:
    """Return why video cannot be decoded here, in a sentence; empty if it can."""
    try:
        from av import codecs_available
    except ImportError as error:
        # Also where a wheel's own libraries do not load.
        return f'PyAV is not usable here ({error}): {REMEDY}'
    if 'h264' not in codecs_available:
        return f'the FFmpeg of PyAV here cannot decode h264: {REMEDY}'
    return ''
