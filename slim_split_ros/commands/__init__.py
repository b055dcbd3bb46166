"""One file a command: parse, call, print. Heavy imports happen inside the functions."""

from __future__ import annotations

from types import ModuleType

from slim_split_ros.commands import (
    adapt,
    bench,
    demo,
    detect,
    evaluate,
    export,
    fleet,
    link,
    profile,
    replay,
    train,
    watch,
)

COMMANDS: dict[str, ModuleType] = {
    'bench': bench,
    'demo': demo,
    'train': train,
    'adapt': adapt,
    'detect': detect,
    'evaluate': evaluate,
    'export': export,
    'fleet': fleet,
    'link': link,
    'profile': profile,
    'replay': replay,
    'watch': watch,
}
