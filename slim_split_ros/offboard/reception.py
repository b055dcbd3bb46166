"""
Which frame is served next: checked before it waits, one place a sender, turn by turn.

Decoding and detecting are others'; so is what a message looks like.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
import math
from threading import Lock

from slim_split_ros.offboard.arrivals import Arrival, ArrivalLog, Report
from slim_split_ros.offboard.decode import check_frame
from slim_split_ros.offboard.sender import NEWCOMER_FRAMES, Received, Sender
from slim_split_ros.offboard.turns import ServiceTurns
from slim_split_ros.wire.manifest import Manifest

MAX_SENDERS = 64
# The deadline of a robot does not travel with its frames. One that waited so long behind others
# would come far too late at the default (0.3 s), which counts from the camera's stamp.
LONGEST_WAIT_S = 1.0
# A sender that sent nothing for so long is gone; one that sent a single frame is sooner.
FORGET_S = 10.0
NEWCOMER_REPORTS_S = 1.0
# All newcomers together are told as often as one robot: reports on invented senders would push
# those that a robot waits for out of its queue.
NEWCOMERS_GAP_S = 0.05
# The account of all newcomers; that of another sender has the name of its start.
_NEWCOMERS = -1
# Newcomers that had to make room are known again by their next frame: where 500 senders are
# invented in a second, a robot that comes is recognised after up to 8 s.
_RECOGNISED_SENDERS = 4096


class Drop(Enum):
    """Name why a sound frame was not served."""

    NEWER = 'server_busy'
    DEADLINE = 'deadline'
    SENDERS = 'senders'


@dataclass(frozen=True, slots=True)
class Load:
    """State how many senders are being heard, and how many of their frames wait."""

    senders: int = 0
    waiting: int = 0


class Reception:
    """
    Keep the newest frame of each sender until its turn, and report to each what arrived.

    A sender is named by its start. Each has the same share of the service time, as far as it
    wants it, and of those whose turn it is, the one that was served longest ago comes first; all
    newcomers together have one share and one turn, and only they make room for others, so that
    whoever invents senders takes neither place nor turn from those that are being heard. Shared
    by the thread that receives and the one that decodes; the clock, a steady one, is an argument.
    """

    def __init__(self, manifest: Manifest, receiver_id: int) -> None:
        self._manifest = manifest
        self._receiver_id = receiver_id
        self._senders: dict[int, Sender] = {}
        self._turns: ServiceTurns[int] = ServiceTurns()
        self._made_room: OrderedDict[int, None] = OrderedDict()
        self._newcomers_turn_s = self._newcomers_told_s = -math.inf
        self._last_choice_s = -math.inf
        # Above every number that a forgotten sender's reports had: were it to start again at 0, a
        # robot that comes back would take its reports for old ones.
        self._first_report = 0
        self._lock = Lock()

    @property
    def load(self) -> Load:
        """What there is to serve now; newcomers do not count."""
        with self._lock:
            return Load(
                sum(not sender.is_newcomer for sender in self._senders.values()),
                sum(sender.waiting is not None for sender in self._senders.values()))

    @property
    def is_empty(self) -> bool:
        """Whether nothing came for as long as a sender is remembered, be it a newcomer."""
        with self._lock:
            return not self._senders

    def receive(self, received: Received) -> Drop | None:
        """
        Let a frame whose checksum holds wait; return why one was dropped for it, if one was.

        Raises FrameMismatchError or PayloadError for a frame that this server's model does not
        decode; nothing remembers its sender.
        """
        header = received.frame.header
        check_frame(received.frame, self._manifest)
        with self._lock:
            dropped = self._admit(header.sender_start_ns, received.arrival_s)
            sender = self._senders.get(header.sender_start_ns)
            if sender is None:
                return dropped
            sender.frames += 1
            sender.log.add(
                Arrival(header.sequence, received.arrival_s, received.message_bytes))
            if sender.waiting:
                dropped = Drop.NEWER
            sender.wait(received)
        return dropped

    def newest_s(self) -> float | None:
        """Return when the newest frame that waits came, None if none waits."""
        with self._lock:
            return max((sender.waiting.arrival_s for sender in self._senders.values()
                        if sender.waiting), default=None)

    def drop_old(self, now_s: float) -> int:
        """Give up the frames that waited past the deadline, and return how many."""
        with self._lock:
            return self._drop_old(now_s)

    def next_frame(self, now_s: float) -> tuple[Received | None, int]:
        """
        Return whose turn it is, None if nobody waits, and how many frames were past the deadline.

        Of those with a share left, first come those that arrived since the choice before: so
        hardly anybody waits for more than the frame in hand while there are more frames than can
        be served, and each frame is considered once while it is fresh.
        """
        with self._lock:
            past_deadline = self._drop_old(now_s)
            accounts = [(sender, _account(start, sender))
                        for start, sender in self._senders.items() if sender.waiting]
            if not accounts:
                return None, past_deadline
            with_share = self._turns.of_round({account for _, account in accounts})
            in_turn = [sender for sender, account in accounts if account in with_share]
            fresh = [
                sender for sender in in_turn if sender.waiting.arrival_s > self._last_choice_s]
            chosen = min(fresh or in_turn, key=self._turn)
            received = chosen.take()
            chosen.last_turn_s = self._last_choice_s = now_s
            if chosen.is_newcomer:
                self._newcomers_turn_s = now_s
        return received, past_deadline

    def charge(self, received: Received, service_s: float) -> None:
        """Take from the sender's share what serving its frame took, whatever came of it."""
        start_ns = received.frame.header.sender_start_ns
        with self._lock:
            sender = self._senders.get(start_ns)
            self._turns.charge(
                _account(start_ns, sender) if sender else _NEWCOMERS, service_s)

    def give_back(self, received: Received) -> None:
        """Keep what was taken but not decoded, for frames of video that lean on it."""
        with self._lock:
            if sender := self._senders.get(received.frame.header.sender_start_ns):
                for frame in (*received.earlier, received.frame):
                    sender.keep(frame)

    def decoded(self, received: Received) -> None:
        """Note that a frame was decoded, whatever comes of it; its sender hears of that."""
        header = received.frame.header
        with self._lock:
            if sender := self._senders.get(header.sender_start_ns):
                sender.log.decoded(header.sequence)

    def served(self, received: Received, now_s: float) -> None:
        """Note that the detections of a frame are published."""
        header = received.frame.header
        with self._lock:
            if sender := self._senders.get(header.sender_start_ns):
                sender.log.served(Arrival(
                    header.sequence, received.arrival_s, received.message_bytes,
                    server_s=now_s - received.arrival_s))

    def due_reports(self, now_s: float) -> list[Report]:
        """Make the reports that are due, newest sender first, newcomers at one's pace."""
        with self._lock:
            self._forget_silent(now_s)
            reports = []
            for start_ns, sender in reversed(self._senders.items()):
                if not sender.log.is_due(now_s) or not _is_told(sender, now_s):
                    continue
                if sender.is_newcomer:
                    if now_s - self._newcomers_told_s < NEWCOMERS_GAP_S:
                        continue
                    self._newcomers_told_s = now_s
                reports.append(sender.log.make_report(start_ns, self._receiver_id, now_s))
            return reports

    def _turn(self, sender: Sender) -> tuple[float, float]:
        turn_s = self._newcomers_turn_s if sender.is_newcomer else sender.last_turn_s
        return turn_s, -sender.waiting.arrival_s

    def _drop_old(self, now_s: float) -> int:
        old = [sender for sender in self._senders.values()
               if sender.waiting and now_s - sender.waiting.arrival_s > LONGEST_WAIT_S]
        for sender in old:
            sender.keep(sender.waiting.frame)
            sender.waiting = None
        return len(old)

    def _admit(self, start_ns: int, now_s: float) -> Drop | None:
        """Add a sender unless every place is taken by one that is being heard."""
        if start_ns in self._senders:
            return None
        dropped = None
        if len(self._senders) >= MAX_SENDERS:
            self._forget_silent(now_s)
        if len(self._senders) >= MAX_SENDERS:
            newcomers = [start for start, sender in self._senders.items() if sender.is_newcomer]
            if not newcomers:
                return Drop.SENDERS
            dropped = self._remove_newcomer(newcomers[0])
        self._senders[start_ns] = Sender(
            ArrivalLog(self._first_report), last_turn_s=now_s,
            frames=NEWCOMER_FRAMES if start_ns in self._made_room else 0)
        return dropped

    def _remove_newcomer(self, start_ns: int) -> Drop | None:
        self._made_room[start_ns] = None
        if len(self._made_room) > _RECOGNISED_SENDERS:
            self._made_room.popitem(last=False)
        return Drop.SENDERS if self._forget(start_ns).waiting else None

    def _forget_silent(self, now_s: float) -> None:
        for start_ns, sender in list(self._senders.items()):
            if now_s - sender.log.last_arrival_s > FORGET_S and not sender.waiting:
                self._forget(start_ns)

    def _forget(self, start_ns: int) -> Sender:
        sender = self._senders.pop(start_ns)
        self._turns.forget(start_ns)
        self._first_report = max(self._first_report, sender.log.next_report)
        return sender


def _account(start_ns: int, sender: Sender) -> int:
    return _NEWCOMERS if sender.is_newcomer else start_ns


def _is_told(sender: Sender, now_s: float) -> bool:
    # Else every invented sender costs the robots' air for FORGET_S.
    silence_s = now_s - sender.log.last_arrival_s
    return silence_s <= NEWCOMER_REPORTS_S or not sender.is_newcomer
