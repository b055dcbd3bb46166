import os
import signal
import subprocess
import sys

import psutil
import pytest

from slim_split_ros.linklab import namespaces
from slim_split_ros.linklab.errors import NamespaceError
from slim_split_ros.linklab.link import Packets
from slim_split_ros.linklab.namespaces import PACKETS, Namespaces
from support.network_namespaces import (
    namespace_names,
    namespaces_cannot_lose,
    needs_root,
    processes_in,
)
from support.processes import wait_until

pytestmark = pytest.mark.timed


def test_without_root_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    with pytest.raises(NamespaceError, match='sudo'):
        namespaces.check_machine()


def test_without_tools_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    monkeypatch.setenv('PATH', '')
    with pytest.raises(NamespaceError, match='iproute2'):
        namespaces.check_machine()


@needs_root
def test_the_two_sides_reach_each_other_and_nothing_is_left() -> None:
    with Namespaces() as link:
        link.shape(10_000.0, 50_000.0)
        assert {link.robot, link.server} <= namespace_names()
        code = ('import socket; s = socket.create_server(("10.77.0.2", 9000)); '
                's.settimeout(20); print("up", flush=True); '
                'c, _ = s.accept(); c.settimeout(20); assert c.recv(5) == b"hello"')
        server = subprocess.Popen(link.command(link.server, 'python3', '-c', code),
                                  stdout=subprocess.PIPE)
        assert server.stdout.readline() == b'up\n'
        client = ('import socket; s = socket.create_connection(("10.77.0.2", 9000), 20); '
                  's.sendall(b"hello")')
        subprocess.run(link.command(link.robot, 'python3', '-c', client), check=True, timeout=30)
        assert server.wait(20) == 0
        server.stdout.close()
    assert not namespace_names() & {link.robot, link.server}


@needs_root
def test_both_ends_run_at_once() -> None:
    code = ('import fcntl, socket, struct\n'
            's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n'
            'for _, name in socket.if_nameindex():\n'
            '  asked = struct.pack("256s", name.encode())\n'
            '  flags, = struct.unpack_from("H", fcntl.ioctl(s, 0x8913, asked), 16)\n'
            '  print(name[:3], bool(flags & 0x40))\n')
    with Namespaces() as link:
        for namespace, name in ((link.robot, 'slu'), (link.server, 'sld')):
            seen = subprocess.run(link.command(namespace, 'python3', '-c', code), check=True,
                                  capture_output=True, text=True).stdout
            assert f'{name} True' in seen


@needs_root
def test_the_namespaces_are_gone_after_an_error() -> None:
    with pytest.raises(RuntimeError), Namespaces() as link:
        raise RuntimeError('inside')
    assert link.robot not in namespace_names()


@needs_root
def test_a_killed_run_leaves_no_namespaces() -> None:
    code = ('import time\n'
            'from slim_split_ros.linklab.namespaces import Namespaces\n'
            'with Namespaces() as link:\n'
            '  print(link.robot, link.server, flush=True); time.sleep(60)\n')
    run = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True)
    names = set(run.stdout.readline().split())
    assert len(names) == 2 and names <= namespace_names()

    run.kill()

    run.wait()
    run.stdout.close()
    wait_until(lambda: not names & namespace_names(), 20.0, 'the end of the namespaces')


@needs_root
def test_what_a_dead_run_left_all_the_same_is_gone_once_another_begins() -> None:
    dead = subprocess.Popen(['true'])
    dead.wait()
    stale = f'slim_server_{dead.pid}'
    subprocess.run(['ip', 'netns', 'add', stale], check=True)
    node = psutil.Popen(['ip', 'netns', 'exec', stale, 'sleep', '60'])
    wait_until(lambda: processes_in(stale), 20.0, 'the start of a process')

    with Namespaces() as link:
        assert stale not in namespace_names()
        assert {link.robot, link.server} <= namespace_names()
    assert node.wait(5.0) == -signal.SIGKILL


@needs_root
def test_a_run_beside_another_leaves_it_alone() -> None:
    with Namespaces() as link:
        code = ('from slim_split_ros.linklab.namespaces import Namespaces\n'
                'with Namespaces(): pass\n')
        subprocess.run([sys.executable, '-c', code], check=True, timeout=60)
        assert namespace_names() >= {link.robot, link.server}


@needs_root
@pytest.mark.parametrize('changes', [1, 20])
def test_the_uplink_has_the_rate_that_was_set(changes: int) -> None:
    with Namespaces() as link:
        link.shape(1000.0, 15_000.0)
        # The link is up before the batch is read: send enough to see the rate.
        code = ('import socket, time\n'
                's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n'
                's.bind(("10.77.0.2", 9001)); s.settimeout(3); print("up", flush=True)\n'
                't, n = [], 0\n'
                'try:\n'
                '  while True:\n'
                '    n += len(s.recv(2000)) + 28 + 34; t.append(time.monotonic())\n'
                'except TimeoutError: pass\n'
                'print(8e-3 * (n - 1062 * 3) / (t[-1] - t[2]))\n')
        server = subprocess.Popen(link.command(link.server, 'python3', '-c', code),
                                  stdout=subprocess.PIPE, text=True)
        assert server.stdout.readline() == 'up\n'
        client = ('import socket, time\n'
                  's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n'
                  'for _ in range(200):\n'
                  '  s.sendto(bytes(1000), ("10.77.0.2", 9001)); time.sleep(0.002)\n')
        sender = subprocess.Popen(link.command(link.robot, 'python3', '-c', client))
        for number in range(changes - 1):
            # Twenty rates around the same mean, ten times a second, as recorded links have.
            link.shape(900.0 if number % 2 else 1100.0, 15_000.0, 0.1)
            with pytest.raises(subprocess.TimeoutExpired):
                server.wait(0.1)
        link.shape(1000.0, 15_000.0)
        assert sender.wait(30) == 0
        measured_kbps = float(server.stdout.readline())
        server.wait(20)
        server.stdout.close()
    assert measured_kbps == pytest.approx(1000.0, rel=0.1)


@needs_root
@pytest.mark.skipif(bool(namespaces_cannot_lose()), reason=namespaces_cannot_lose())
@pytest.mark.parametrize('size, chance', [(400, 0.2), (2000, 0.2), (2000, 0.05)])
def test_a_message_is_lost_with_any_of_its_packets(size: int, chance: float) -> None:
    messages = 400
    with Namespaces() as link:
        link.shape(100_000.0, 4e6)
        link.lose(chance)
        # All of them fit into the buffer (SO_RCVBUFFORCE): nothing depends on who is quicker.
        code = ('import socket\n'
                's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n'
                's.setsockopt(socket.SOL_SOCKET, 33, 2 ** 23)\n'
                's.bind(("10.77.0.2", 9003)); s.settimeout(0.5); print("up", flush=True)\n'
                'input(); n = 0\n'
                'try:\n'
                '  while True: s.recv(9000); n += 1\n'
                'except TimeoutError: print(n)\n')
        server = subprocess.Popen(link.command(link.server, 'python3', '-c', code),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert server.stdout.readline() == 'up\n'
        client = ('import socket, time\n'
                  's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n'
                  f'for _ in range({messages}):\n'
                  f'  s.sendto(bytes({size}), ("10.77.0.2", 9003)); time.sleep(0.002)\n')
        subprocess.run(link.command(link.robot, 'python3', '-c', client), check=True, timeout=60)
        arrived = int(server.communicate('\n', timeout=60)[0])
    packets = Packets(PACKETS.packet_bytes, header_bytes=8)     # UDP alone
    expected = packets.chance_kept(size, chance)
    deviation = (expected * (1.0 - expected) / messages) ** 0.5
    assert arrived / messages == pytest.approx(expected, abs=5.0 * deviation)


def test_a_machine_that_cannot_lose_packets_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PATH', '')
    assert 'iptables is not installed' in namespaces.why_no_loss()


@needs_root
@pytest.mark.parametrize('waiting', [4, 40])
def test_what_waits_in_an_outage_goes_on_when_it_ends(waiting: int) -> None:
    with Namespaces() as link:
        code = ('import socket\n'
                's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n'
                's.bind(("10.77.0.2", 9002)); s.settimeout(5); print("up", flush=True)\n'
                'for _ in range(4): s.recv(2000)\n'
                'print("four", flush=True)\n')
        server = subprocess.Popen(link.command(link.server, 'python3', '-c', code),
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert server.stdout.readline() == 'up\n'
        link.shape(0.0, 15_000.0)
        client = ('import socket\n'
                  's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n'
                  f'for _ in range({waiting}): s.sendto(bytes(500), ("10.77.0.2", 9002))\n')
        subprocess.run(link.command(link.robot, 'python3', '-c', client), check=True, timeout=30)

        link.shape(8.0, 15_000.0)  # beside a queue that is full, if many wait
        link.shape(1000.0, 15_000.0)  # and nothing more is sent

        said = server.stdout.readline()
        server.wait(10)
        server.stdout.close()
    assert said == 'four\n'
