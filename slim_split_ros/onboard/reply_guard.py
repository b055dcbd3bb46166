"""
What the robot believes of that which comes back, where it has a key, and for whom it tags frames.

Frames name the server that is heard, by the `receiver_id` of its reports: so it knows that they
were made since it drew that. Under each only reports with a later `sent_s` than before pass; an
answer passes once because `AnswerBook` takes one to each frame. No clock of another machine is
compared with the own one.
"""

from __future__ import annotations

import math
from typing import Any

from slim_split_ros.wire import Frame
from slim_split_ros.wire.authentication import FRAME_TAG_BYTES, NO_RECEIVER, AuthKey
from slim_split_ros.wire.errors import ReplayedError

# Frames are made for another server once the one that was heard is silent for so long, as
# `control` follows its reports.
SILENCE_S = 1.0
# receiver_ids in one run of the robot: a server draws one whenever it is configured or finds it.
# None is forgotten, or its reports could come again.
MOST_RECEIVERS = 4096


class ReplyGuard:
    """Tag the frames of one run of the robot, and check what comes back; without a key do not."""

    def __init__(self, key: AuthKey | None) -> None:
        self._key = key
        self._receiver_id, self._heard_s = NO_RECEIVER, -math.inf
        self._newest_s: dict[int, float] = {}

    @property
    def frame_tag_bytes(self) -> int:
        """By how much a tag lengthens a frame."""
        return FRAME_TAG_BYTES if self._key else 0

    def sign(self, frame: Frame) -> Frame:
        """Return a frame with its tag; from any thread."""
        return self._key.sign_frame(frame, self._receiver_id) if self._key else frame

    def admit_report(self, message: Any, now_s: float) -> bool:
        """
        Say of a `LinkReport` whose fields are sound, and that is for this robot, if it is news.

        False: a server with the key only asks for frames that name its receiver_id. Raises
        UnauthenticatedError or ReplayedError for one that is not believed.
        """
        if self._key is None:
            return True
        self._key.check_report(message)
        receiver_id = message.receiver_id
        if message.sent_s <= self._newest_s.get(receiver_id, -math.inf):
            raise ReplayedError(
                'a link report came before, or a newer one overtook it: if many do, somebody '
                'sends recorded ones again (`ros2 topic info -v` names the publishers)')
        if receiver_id not in self._newest_s and len(self._newest_s) >= MOST_RECEIVERS:
            raise ReplayedError(
                f'{MOST_RECEIVERS} receiver_ids of servers were heard since this node was '
                'configured, and each has to be remembered: start it again')
        self._newest_s[receiver_id] = message.sent_s
        if receiver_id == self._receiver_id or now_s - self._heard_s >= SILENCE_S:
            self._receiver_id, self._heard_s = receiver_id, now_s
        return len(message.sequence) > 0

    def admit_answer(self, message: Any) -> None:
        """Raise UnauthenticatedError for an `Answer` to this robot that is not believed."""
        if self._key is not None:
            self._key.check_answer(message)
