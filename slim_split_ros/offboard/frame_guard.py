"""
Which frames the server believes where it has a key: those made for this very run, once each.

A tag shows who made a frame, not when. So a frame names the server's `receiver_id`, a random
number of each start that robots learn from its reports: what was recorded before names another.
Within a run each number of a sender passes once. No clock is asked.
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
# Starts of robots in one run of the server; no one of them is forgotten, or its frames could come
# again. Some 13 MB.
MOST_STARTS = 65_536
# How often a sender is asked to name the receiver_id, and how many are at once.
ASKING_GAP_S = 0.1
MOST_ASKED = 64


@dataclass(slots=True)
class _Passed:
    """Remember which frames of a sender passed: the newest, and a bit for each before it."""

    newest: int
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


class FrameGuard:
    """
    Let frames pass, and tag what goes back; for one thread, but for the tagging.

    Without a key all pass that carry no tag, and nothing is tagged. A guard serves one topic of
    frames under a `receiver_id` of its own, or one could come again on another topic.
    """

    def __init__(self, key: AuthKey | None, receiver_id: int) -> None:
        self._key = key
        self.receiver_id = receiver_id
        self._passed: dict[int, _Passed] = {}
        self._to_ask: dict[int, None] = {}
        self._asked_s: dict[int, float] = {}
        self.tag_report: Callable[[Any], bytes] = key.tag_report if key else _no_tag
        self.tag_answer: Callable[[Any], bytes] = key.tag_answer if key else _no_tag

    def admit(self, frame: Frame, now_s: float) -> Frame:
        """
        Return a frame that is believed, without its tag.

        Raises UnauthenticatedError for the tag, UnprovenError for a frame of before this run or
        of a sender that has not heard this server yet, ReplayedError for a second one.
        """
        if self._key is None:
            if is_tagged(frame):
                raise UnauthenticatedError(
                    f'frame {frame.header.sequence} carries the tag of a key, and this node has '
                    'none: give it the auth_key_file of the onboard node, or take it from there')
            return frame
        tagged = self._key.open_frame(frame)
        start_ns, sequence = frame.header.sender_start_ns, frame.header.sequence
        if tagged.receiver_id != self.receiver_id:
            self._note_unproven(start_ns, now_s)
            raise UnprovenError(
                f'frame {sequence} was not made for this run of the server: a robot is told of it '
                'and goes on, if link_report reaches it; what was recorded before is refused')
        self._to_ask.pop(start_ns, None)
        passed = self._passed.get(start_ns)
        if passed is None:
            self._remember(start_ns, sequence)
        elif not passed.passes(sequence):
            raise ReplayedError(
                f'frame {sequence} came before, or over {WINDOW_FRAMES} others overtook it: '
                'somebody sends recorded frames again (`ros2 topic info -v` names the publishers)')
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

    def _remember(self, start_ns: int, sequence: int) -> None:
        if len(self._passed) >= MOST_STARTS:
            raise UnprovenError(
                f'{MOST_STARTS} starts of robots were served since this node started, and each '
                'has to be remembered: start it again')
        self._passed[start_ns] = _Passed(sequence)


def _no_tag(message: Any) -> bytes:
    return b''
