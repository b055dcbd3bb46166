"""
A tiny packet by which a shaped link notices that its rate changed.

tbf, once it waits for tokens, sleeps for as long as the rate of that moment said; a change of the
rate does not wake it. After an outage a frame would wait until another was sent.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
import ctypes
import errno
import os
import socket

CLONE_NEWNET = 0x40000000  # linux/sched.h
# To nobody, of the protocol for local experiments (IEEE 802, 0x88B5), with a byte of content.
FRAME = bytes(12) + b'\x88\xb5' + b'\0'


class WakePacket:
    """Send a frame of 15 bytes through an interface of a network namespace; needs root."""

    def __init__(self, namespace: str, interface: str) -> None:
        """Raise OSError where the namespace or the interface cannot be reached."""
        # Only the thread that enters the namespace is in it, and a socket stays where it was made.
        with ThreadPoolExecutor(1) as pool:
            self._socket = pool.submit(_open, namespace, interface).result()

    def send(self) -> None:
        """Send it; a queue that is full drops it, and is awake all the same."""
        try:
            self._socket.send(FRAME)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise

    def close(self) -> None:
        """Let the interface go."""
        self._socket.close()


def _open(namespace: str, interface: str) -> socket.socket:
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f'/run/netns/{namespace}', 'rb') as place:
        if libc.setns(place.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), place.name)
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind((interface, 0))
    return raw
