"""
Which frames the server believes where it has a key: those made for this very guard, once each.

A tag shows who made a frame, not when. So a frame names the `receiver_id`, a random number of each
guard that the robot learns from its reports: what was recorded before names another. Each number
of a sender passes once, at one guard of the node. No clock of another machine is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math
from typing import Any

from slim_split_ros.offboard.arrivals import Report
from slim_split_ros.wire.authentication import AuthKey, is_tagged
from slim_split_ros.wire.errors import ReplayedError, UnauthenticatedError, UnprovenError
from slim_split_ros.wire.header import Frame

# By how many frames one may be overtaken on its way; RFC 4303, 3.4.3 has as many packets.
WINDOW_FRAMES = 64
# Starts of robots, of all of a node's together, from its configuration on; no one of them is
# forgotten, or its frames could come again. Some 13 MB.
MOST_STARTS = 65_536
# For how long a sender that is heard at one guard cannot be heard at another: longer than most
# outages of a link, during which a stranger could win it, and all that he costs once he is gone.
HELD_S = 3.0
# How often a sender is asked to name the receiver_id, and how many are at once.
ASKING_GAP_S = 0.1
MOST_ASKED = 64


@dataclass(slots=True)
class _Passed:
    """Hold which frames of a sender passed, the newest and a bit for each before; and where."""

    newest: int
    receiver_id: int
    passed_s: float
    bits: int = 1

    def passes(self, sequence: int) -> bool:
        """Say whether a frame comes for the first time, and remember it."""
        back = self.newest - sequence
        if back < 0:
            kept = self.bits << -back if -back < WINDOW_FRAMES else 0
            self.bits = (kept | 1) & (1 << WINDOW_FRAMES) - 1
            self.newest = sequence
            return True
        if back >= WINDOW_FRAMES or self.bits >> back & 1:
            return False
        self.bits |= 1 << back
        return True


class Starts:
    """Remember for all guards of a node which frames of each start passed, and at which guard."""

    def __init__(self) -> None:
        self._passed: dict[int, _Passed] = {}

    def check_place(self, start_ns: int, sequence: int, receiver_id: int, now_s: float) -> None:
        """
        Raise ReplayedError for a frame of a sender that is heard at another guard.

        It may come to this one once nothing passed there for HELD_S, with a later frame than any:
        so what was recorded there never moves it, and it comes back from where it was lured.
        """
        passed = self._passed.get(start_ns)
        if passed is None or passed.receiver_id == receiver_id:
            return
        if now_s - passed.passed_s < HELD_S:
            raise ReplayedError(
                'the frame is of a robot that is heard on another topic: somebody sends its '
                'frames here (`ros2 topic info -v` names the publishers)')
        if sequence <= passed.newest:
            raise _came_before()

    def note(self, start_ns: int, sequence: int, receiver_id: int, now_s: float) -> None:
        """Remember a frame; raise ReplayedError for one that came, UnprovenError if full."""
        passed = self._passed.get(start_ns)
        if passed is None:
            self._add(start_ns, _Passed(sequence, receiver_id, now_s))
            return
        if not passed.passes(sequence):
            raise _came_before()
        passed.receiver_id, passed.passed_s = receiver_id, now_s

    def _add(self, start_ns: int, passed: _Passed) -> None:
        if len(self._passed) >= MOST_STARTS:
            raise UnprovenError(
                f'{MOST_STARTS} starts of robots were served since this node was configured, and '
                'each has to be remembered: start it again')
        self._passed[start_ns] = passed


class FrameGuard:
    """
    Let frames pass, and tag what goes back; for one thread, but for the tagging.

    Without a key all pass that carry no tag, and nothing is tagged. A guard serves one topic of
    frames under a `receiver_id` of its own, and shares `starts` with the other guards of its node:
    or one could come again on another topic, or ask there for what is made for that one.
    """

    def __init__(self, key: AuthKey | None, receiver_id: int, starts: Starts) -> None:
        self._key = key
        self.receiver_id = receiver_id
        self._starts = starts
        self._to_ask: dict[int, None] = {}
        self._asked_s: dict[int, float] = {}
        self.tag_report: Callable[[Any], bytes] = key.tag_report if key else _no_tag
        self.tag_answer: Callable[[Any], bytes] = key.tag_answer if key else _no_tag

    def admit(self, frame: Frame, now_s: float) -> Frame:
        """
        Return a frame that is believed, without its tag.

        Raises UnauthenticatedError for the tag, UnprovenError for a frame that was made before
        its sender heard this guard, ReplayedError for a second one or one of another topic.
        """
        if self._key is None:
            if is_tagged(frame):
                raise UnauthenticatedError(
                    'the frame carries the tag of a key, and this node has none: give it the '
                    'auth_key_file of the onboard node, or take it from there')
            return frame
        tagged = self._key.open_frame(frame)
        start_ns, sequence = frame.header.sender_start_ns, frame.header.sequence
        self._starts.check_place(start_ns, sequence, self.receiver_id, now_s)
        if tagged.receiver_id != self.receiver_id:
            self._note_unproven(start_ns, now_s)
            raise UnprovenError(
                'the frame was not made for this run of the server: a robot is told of it '
                'and goes on, if link_report reaches it, or goes on with another server; what was '
                'recorded before is refused')
        self._to_ask.pop(start_ns, None)
        self._starts.note(start_ns, sequence, self.receiver_id, now_s)
        return tagged.frame

    def questions(self, now_s: float) -> list[Report]:
        """
        Make a report without arrivals for each sender that is to name the receiver_id.

        Publish them after those on frames of the same moment, or the sender takes these for old.
        """
        asked, self._to_ask = self._to_ask, {}
        recent = {start_ns: asked_s for start_ns, asked_s in self._asked_s.items()
                  if now_s - asked_s < ASKING_GAP_S}
        self._asked_s = recent | dict.fromkeys(asked, now_s)
        sent_s = math.nextafter(now_s, math.inf)
        return [Report(start_ns, self.receiver_id, 0, sent_s, ()) for start_ns in asked]

    def _note_unproven(self, start_ns: int, now_s: float) -> None:
        """Ask whoever holds the key, though it may be a recording: whose sender is deaf."""
        is_due = now_s - self._asked_s.get(start_ns, -math.inf) >= ASKING_GAP_S
        if is_due and len(self._to_ask) < MOST_ASKED:
            self._to_ask[start_ns] = None


def _came_before() -> ReplayedError:
    return ReplayedError(
        'the frame came before, or later ones overtook it: somebody sends recorded frames '
        'again (`ros2 topic info -v` names the publishers)')


def _no_tag(message: Any) -> bytes:
    return b''
