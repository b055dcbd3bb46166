"""
Two network namespaces that stand for robot and server, with a shaped link between them.

Rate and outages by tc's token bucket, loss of single packets by iptables where it can; kernels
without netem cannot delay, so the link adds no delay. Needs root. Everything made here is taken
down again, also when this process is killed; what is left all the same goes with the next run.
"""

from __future__ import annotations

from contextlib import suppress
from math import inf
import os
import re
import shutil
import signal
import subprocess
import time
from types import TracebackType

from slim_split_ros.linklab.errors import NamespaceError
from slim_split_ros.linklab.link import Packets
from slim_split_ros.linklab.wake_packet import FRAME, WakePacket

# Each change of tbf fills its bucket, so that a link which changes ten times a second gives
# ten buckets a second beside its rate: small packets keep the bucket small, and the rest is
# taken off the rate (`shape`).
MTU_BYTES = 600
BURST_BYTES = MTU_BYTES + 20
# What a packet carries beside its IP header, in fragments of whole 8 bytes; before a message come
# UDP's header (8) and RTPS 2.3's own, INFO_DST, INFO_TS and DATA (20, 16, 12 and 24; 8.3 and 9.4).
PACKETS = Packets((MTU_BYTES - 20) // 8 * 8, header_bytes=80)
# What passes beside the rate at a change of it.
EXTRA_BYTES = BURST_BYTES + len(FRAME)
# tc reads its line and the kernel changes the rate in a tenth of that.
CHANGED_S = 0.003
# tc refuses a rate of zero; at 8 bit/s a datagram takes minutes.
STOPPED_BPS = 8
# Of a link before it is shaped.
UNSHAPED_BPS = 10 ** 9
# tc holds the limit of a queue in 32 bits.
LEAST_QUEUE_BYTES, MOST_QUEUE_BYTES = 15_000, 2 ** 31
STEP_LIMIT_S = 10.0
LOOK_S = 0.02
TOOLS = ('ip', 'tc')
NAMES = re.compile(r'^slim_(?:robot|server)_(\d+)\b', re.MULTILINE)


def check_machine() -> None:
    """Raise NamespaceError with what is missing and how to get it."""
    if os.geteuid() != 0:
        raise NamespaceError('a real link needs root for its network namespaces: run the '
                             'command with sudo, or leave --real out for the emulation')
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise NamespaceError(f'{" and ".join(missing)} is not installed: apt install iproute2, '
                             f'or leave --real out for the emulation')


def why_no_loss() -> str:
    """Say in a sentence why packets cannot be lost here; empty if they can. Needs root."""
    if shutil.which('iptables') is None:
        return ('iptables is not installed: no packets are lost on the real link, nor in the '
                'emulation beside it; apt install iptables')
    # In a network of its own, which is gone with the command.
    tried = subprocess.run(['unshare', '--net', *_loss_rule(0.5)], check=False,
                           capture_output=True, text=True, timeout=STEP_LIMIT_S)
    if tried.returncode == 0:
        return ''
    said = ' '.join(tried.stderr.split()) or f'status {tried.returncode}'
    return (f'iptables cannot lose packets here ({said[:200]}): none are lost on the real link, '
            f'nor in the emulation beside it; the kernel may lack the table mangle or the match '
            f'statistic')


class Namespaces:
    """
    Make namespaces `robot` and `server` joined by a pair of virtual interfaces.

    Use as a context; `robot` and `server` are their names, `shape` sets the robot's uplink.
    """

    def __init__(self) -> None:
        """Choose names that no other run uses: they end in the number of this process."""
        number = os.getpid()
        self.robot, self.server = f'slim_robot_{number}', f'slim_server_{number}'
        self._uplink, self._downlink = f'slu{number}'[:15], f'sld{number}'[:15]
        self._tc: subprocess.Popen | None = None
        self._wake_packet: WakePacket | None = None
        self._loss: float | None = None
        self._rate_kbps: float | None = None

    def __enter__(self) -> Namespaces:
        """Make them; whatever was made is taken down if a step fails."""
        check_machine()
        try:
            self._remove_stale()
            self._make()
        except BaseException:
            self._take_down()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Take everything down."""
        self._take_down()

    def command(self, namespace: str, *words: str) -> list[str]:
        """Give the command that runs words inside a namespace."""
        return ['ip', 'netns', 'exec', namespace, *words]

    def shape(self, rate_kbps: float, queue_bytes: float, step_s: float = inf) -> None:
        """Let the uplink serve that rate for `step_s`, with a queue of that size."""
        if rate_kbps == self._rate_kbps:
            return
        self._rate_kbps = rate_kbps
        rate_bps = max(STOPPED_BPS, round(rate_kbps * 1000.0 - EXTRA_BYTES * 8.0 / step_s))
        held = round(min(max(LEAST_QUEUE_BYTES, queue_bytes), MOST_QUEUE_BYTES))
        line = f'{" ".join(_shaped(self._uplink, rate_bps, held))}\n'
        try:
            self._tc.stdin.write(line)
            self._tc.stdin.flush()
            time.sleep(CHANGED_S)
            self._wake_packet.send()
        except OSError as error:
            raise NamespaceError(f'the link could not be shaped ({error}); the kernel may lack '
                                 f'tbf (CONFIG_NET_SCH_TBF)') from error

    def lose(self, chance: float) -> None:
        """
        Lose that share of the packets in both directions; see `why_no_loss` first.

        A message of several packets is lost with any of them.
        """
        if chance == self._loss:
            return
        for namespace in (self.robot, self.server):
            self._run(*self.command(
                namespace, 'iptables', '-t', 'mangle', '-F', 'PREROUTING'))
            if chance > 0.0:
                self._run(*self.command(namespace, *_loss_rule(chance)))
        self._loss = chance

    def _remove_stale(self) -> None:
        """Take down the namespaces of runs that were killed, and what still runs in them."""
        for name in NAMES.finditer(self._run('ip', 'netns', 'list')):
            process = int(name[1])
            if process == os.getpid() or not os.path.exists(f'/proc/{process}'):
                _remove(name[0])

    def _make(self) -> None:
        for namespace in (self.robot, self.server):
            self._run('ip', 'netns', 'add', namespace)
            self._run('ip', '-n', namespace, 'link', 'set', 'lo', 'up')
        self._run('ip', '-n', self.robot, 'link', 'add', self._uplink, 'type', 'veth', 'peer',
                  'name', self._downlink, 'netns', self.server)
        ends = ((self.robot, self._uplink, '10.77.0.1/24'),
                (self.server, self._downlink, '10.77.0.2/24'))
        for namespace, link, address in ends:
            self._run('ip', '-n', namespace, 'address', 'add', address, 'dev', link)
            self._run('ip', '-n', namespace, 'link', 'set', link, 'mtu', str(MTU_BYTES),
                      'multicast', 'on', 'up')
        for namespace, link, _ in ends:
            self._wait_running(namespace, link)
        self._check_shaping()
        # One process for all changes: starting one every 100 ms would cost more than the link.
        # Its input ends with this process, however that dies, and then the namespaces go.
        script = (f'ip netns exec {self.robot} tc -force -batch -; '
                  f'ip netns delete {self.robot}; ip netns delete {self.server}')
        self._tc = subprocess.Popen(
            ['sh', '-c', script], text=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            self._wake_packet = WakePacket(self.robot, self._uplink)
        except OSError as error:
            raise NamespaceError(f'{self._uplink} in {self.robot} takes no packets ({error}); a '
                                 f'container may lack the right (CAP_NET_RAW)') from error

    def _check_shaping(self) -> None:
        """Raise NamespaceError where the link cannot be shaped: later nobody reads tc's errors."""
        try:
            self._run(*self.command(
                self.robot, 'tc', *_shaped(self._uplink, UNSHAPED_BPS, LEAST_QUEUE_BYTES)))
        except NamespaceError as error:
            raise NamespaceError(f'the link cannot be shaped ({error}); the kernel may lack tbf '
                                 '(CONFIG_NET_SCH_TBF)') from error

    def _wait_running(self, namespace: str, link: str) -> None:
        """
        Wait until the kernel says that the link runs, up to a second after it was set up.

        Fast DDS looks once, when a node starts, and keeps to loopback where nothing else runs.
        """
        limit_s = time.monotonic() + STEP_LIMIT_S
        while ' state UP ' not in self._run('ip', '-n', namespace, '-o', 'link', 'show', link):
            if time.monotonic() > limit_s:
                raise NamespaceError(f'{link} in {namespace} does not run {STEP_LIMIT_S:.0f} s '
                                     f'after it was set up')
            time.sleep(LOOK_S)

    def _take_down(self) -> None:
        if self._tc is not None:
            with suppress(OSError):  # of a process that ended, to which something was left to say
                self._tc.stdin.close()
            try:
                self._tc.wait(STEP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._tc.kill()
                self._tc.wait()
            self._tc = None
        if self._wake_packet is not None:
            self._wake_packet.close()
            self._wake_packet = None
        for namespace in (self.robot, self.server):
            _remove(namespace)

    def _run(self, *words: str) -> str:
        """Run one step and give its output; raise NamespaceError with what it said."""
        try:
            done = subprocess.run(words, check=False, capture_output=True, text=True,
                                  timeout=STEP_LIMIT_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NamespaceError(f'"{" ".join(words)}" failed: {error}') from error
        if done.returncode != 0:
            said = ' '.join(done.stderr.split()) or f'status {done.returncode}'
            raise NamespaceError(f'"{" ".join(words)}" failed: {said}; a container may lack '
                                 f'the right (CAP_NET_ADMIN, CAP_SYS_ADMIN)')
        return done.stdout


def _shaped(link: str, rate_bps: int, held_bytes: int) -> list[str]:
    """Give the words for tc after which a link carries that rate, with a queue of that size."""
    return ['qdisc', 'replace', 'dev', link, 'root', 'handle', '1:', 'tbf', 'rate',
            f'{rate_bps}bit', 'burst', str(BURST_BYTES), 'limit', str(held_bytes + BURST_BYTES)]


def _loss_rule(chance: float) -> list[str]:
    """Give the command after which a share of the packets that come in is dropped."""
    # Before fragments are put together; INPUT would see whole messages.
    return ['iptables', '-t', 'mangle', '-A', 'PREROUTING', '!', '-i', 'lo', '-p', 'udp', '-m',
            'statistic', '--mode', 'random', '--probability', f'{chance:.6f}', '-j', 'DROP']


def _remove(namespace: str) -> None:
    """Delete a namespace, if it is there, and end what runs in it: else the kernel keeps it."""
    inside = subprocess.run(['ip', 'netns', 'pids', namespace], check=False, capture_output=True,
                            text=True, timeout=STEP_LIMIT_S).stdout
    for process in inside.split():
        with suppress(ProcessLookupError):
            os.kill(int(process), signal.SIGKILL)
    subprocess.run(['ip', 'netns', 'delete', namespace], check=False, capture_output=True,
                   timeout=STEP_LIMIT_S)
