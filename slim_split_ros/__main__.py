"""`python -m slim_split_ros COMMAND`: choose the command, run it, exit with its status."""

from __future__ import annotations

import errno
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

_FAILED = 1
_STDERR = 2
# What asks a command to end: Ctrl-C, a supervisor, a terminal that was closed.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_IMPORT_MACHINERY = '<frozen importlib._bootstrap>'
_MESSAGES = 'slim_split_ros.msg'


def main(arguments: list[str] | None = None) -> int:
    """
    Run one command; 0 done, 1 the work failed or was interrupted, 2 wrong use.

    Without `arguments` the process is the command's alone: signals end it in one sentence.
    """
    is_own_process = arguments is None
    if is_own_process:
        _on_signals(_end_now)
        if sys.stdout is not None:
            # File names may be any bytes: what is no text is shown, not stumbled over.
            sys.stdout.reconfigure(errors='backslashreplace')
    args = _parse(arguments)
    try:
        if is_own_process:
            _on_signals(_interrupt)
        return args.run(args)
    except ModuleNotFoundError as error:
        return _say_missing(args.command, error)
    except BrokenPipeError:
        return _end_with_reader()
    except MemoryError as error:
        print(f'{args.command}: not enough memory ({error}): give it less data, or take a larger '
              'machine', file=sys.stderr)
        return _FAILED
    except OSError as error:
        print(f'{args.command}: {_explain(error)}', file=sys.stderr)
        return _FAILED
    except RuntimeError as error:
        if type(error).__name__ != 'OutOfMemoryError':  # of torch, which need not be here
            raise
        print(f'{args.command}: not enough memory on the GPU ({str(error).splitlines()[0]}): give '
              '--device cpu, or end what else uses it', file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        return _say_interrupted()
    finally:
        if is_own_process:
            # The interpreter would die of a signal, or print a traceback, during its own end.
            _on_signals(signal.SIG_IGN)


def _parse(arguments: list[str] | None) -> Namespace:
    import argparse

    from slim_split_ros.commands import COMMANDS
    from slim_split_ros.commands.output_paths import why_overwritten

    parser = argparse.ArgumentParser(
        prog='python -m slim_split_ros',
        description='Split perception over weak links: encode on the robot, detect on a server.')
    subparsers = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for command in COMMANDS.values():
        command.add_parser(subparsers)
    args = parser.parse_args(arguments)
    if overwritten := why_overwritten(args):
        parser.error(overwritten)
    args.run = COMMANDS[args.command].run
    return args


def _say_missing(command: str, error: ModuleNotFoundError) -> int:
    from slim_split_ros.commands.missing_packages import explain_missing

    if error.name and error.name.startswith('slim_split_ros.') and error.name != _MESSAGES:
        raise error  # a fault of ours, not of the installation
    print(f'{command}: {explain_missing(error)}', file=sys.stderr)
    return _FAILED


def _explain(error: OSError) -> str:
    if error.strerror is None:  # raised with a sentence of its own
        return str(error)
    file = '' if error.filename is None else f'{error.filename}: '
    remedy = {errno.ENOSPC: ': make room, there or in the folder of temporary files (TMPDIR)'}
    return f'{file}{error.strerror}{remedy.get(error.errno, "")}'


def _end_with_reader() -> int:
    """Say nothing more to whoever closed the other end, `head` for instance."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _FAILED


def _on_signals(handler: signal.Handlers | Callable[[int, FrameType | None], None]) -> None:
    for number in _SIGNALS:
        # What is ignored stays so: `nohup`, or a job that a script put into the background.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt; end at once during an import, which would swallow or wrap it."""
    _on_signals(_end_now)
    while frame is not None:
        if frame.f_code.co_filename == _IMPORT_MACHINERY:
            _end_now(number, frame)
        frame = frame.f_back
    raise KeyboardInterrupt


def _end_now(number: int, frame: FrameType | None) -> None:
    os._exit(_say_interrupted())


def _say_interrupted() -> int:
    # Not print: printing may be what was interrupted.
    os.write(_STDERR, f'{" ".join(sys.argv[1:2])}: interrupted before it was done\n'.encode())
    return _FAILED


if __name__ == '__main__':
    sys.exit(main())
