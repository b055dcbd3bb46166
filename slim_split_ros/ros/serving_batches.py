"""
How is a batch of frames served? Each at its own robot's cost, in time and in what goes wrong.

Whose frames these are, and what the server does with them, is not known here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
import time
from typing import TypeAlias

from slim_split_ros.offboard import PictureInput, Served, ServerInput, Turn
from slim_split_ros.ros.served_robot import ServedRobot

Serve: TypeAlias = Callable[[list[ServerInput | PictureInput], bool], list[Served]]
Failed: TypeAlias = Callable[[ServedRobot, Exception], None]


def serve_batch(
    batch: Sequence[Turn], robots: Mapping[str, ServedRobot], serve: Serve, failed: Failed
) -> list[float]:
    """
    Decode frames, detect in them and publish what came of each; return what each took, in s.

    `serve` takes decoded frames and whether pictures are wanted. Where it fails for several they
    go one by one; `failed` hears of each robot's failures, and no other robot notices.
    """
    of_frame = [robots[turn.robot] for turn in batch]
    services_s = [0.0] * len(batch)
    decoded: dict[int, ServerInput | PictureInput] = {}

    @contextmanager
    def at_its_cost(places: Sequence[int]) -> Iterator[None]:
        started_s = time.monotonic()
        try:
            yield
        except Exception as error:
            # Several go again one by one, and who is to blame is told then.
            if len(places) == 1:
                failed(of_frame[places[0]], error)
        finally:
            for place in places:
                services_s[place] += (time.monotonic() - started_s) / len(places)

    for place, turn in enumerate(batch):
        with at_its_cost([place]):
            frame = of_frame[place].decode(turn.received)
            if frame is not None:
                decoded[place] = frame
    together = [list(decoded)] if decoded else []
    while together:
        places = together.pop()
        served: list[Served] = []
        with at_its_cost(places):
            served = serve([decoded[place] for place in places], any(
                of_frame[place].topics.want_pictures for place in places))
        if not served and len(places) > 1:
            together += [[place] for place in reversed(places)]
        for place, result in zip(places, served, strict=False):
            with at_its_cost([place]):
                of_frame[place].publish(batch[place].received, result)
    return services_s
