"""
What one replica does with a batch of requests: skips what is late, decodes, detects.

Nothing of Ray is known here; the model is the same as a node's own, and so are the results.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
import json

from slim_split_ros.fleet.errors import FleetError
from slim_split_ros.fleet.messages import (
    PROTOCOL,
    Answer,
    Outcome,
    Request,
    pack_answer,
    unpack_request,
)
from slim_split_ros.offboard import (
    FrameDecoder,
    OffboardError,
    PictureInput,
    Server,
    ServerInput,
    decode_frame,
)
from slim_split_ros.wire import Manifest, WireError

# Robots whose video a replica keeps decoders for; whoever was silent longest sends an image that
# decodes alone.
MOST_DECODERS = 64


class FrameServer:
    """
    Serve packed requests; for one thread, except `facts`.

    `held` says how many frames it is given at once, `unix_s` gives the time of day, `name` is
    the replica's.

        server = FrameServer(
            manifest, load_server(manifest), manifest.classes, 2, time.time, time.monotonic)
        (answer,) = server.serve([pack_request(request)])
    """

    def __init__(
        self, manifest: Manifest, server: Server, classes: Sequence[str], held: int,
        unix_s: Callable[[], float], steady_s: Callable[[], float], name: str = '',
    ) -> None:
        self._manifest, self._server, self._classes = manifest, server, tuple(classes)
        self._held, self._name = held, name
        self._unix_s, self._steady_s = unix_s, steady_s
        self._decoders: OrderedDict[int, FrameDecoder] = OrderedDict()
        self._outcomes: Counter[str] = Counter()
        # Frames that the runtime could not serve, since one that it could.
        self.failed_in_a_row = 0

    @property
    def facts(self) -> str:
        """Say as JSON what a node has to know before it uses this replica."""
        return json.dumps({
            'protocol': PROTOCOL, 'fingerprint': f'{self._manifest.fingerprint:016x}',
            'classes': self._classes, 'held': self._held, 'place': self._server.place})

    def take_outcomes(self) -> Counter[str]:
        """Return how many frames had which outcome since this was asked last."""
        taken, self._outcomes = self._outcomes, Counter()
        return taken

    def serve(self, packed: Sequence[bytes]) -> list[bytes]:
        """Return an answer to each, in the order given; a bad request costs its own frame."""
        answers: dict[int, Answer] = {}
        decoded: dict[int, ServerInput | PictureInput] = {}
        requests: dict[int, Request] = {}
        started_s = self._steady_s()
        for place, data in enumerate(packed):
            try:
                request = requests[place] = unpack_request(data)
                if not request.is_video and self._is_late(request):
                    answers[place] = Answer(Outcome.LATE)
                    continue
                decoded[place] = self._decode(request)
                if self._is_late(request):
                    # Decoded all the same: the robot's next frames of video lean on it.
                    del decoded[place]
                    answers[place] = Answer(Outcome.LATE, is_decoded=True)
            except (WireError, OffboardError, FleetError) as error:
                answers[place] = Answer(
                    Outcome.REFUSED, sentence=str(error), error=type(error).__name__)
            except Exception as error:  # of any kind: the others of the batch are not to blame
                answers[place] = Answer(
                    Outcome.REFUSED, sentence=f'nothing decoded: {error!r:.500}')
        for alike in _by_settings({place: requests[place] for place in decoded}):
            answers |= self._detect(alike, requests, decoded)
        self._outcomes.update(answer.outcome.name.lower() for answer in answers.values())
        service_s = (self._steady_s() - started_s) / max(1, len(packed))
        return [pack_answer(replace(
            answers[place], service_s=service_s, replica=self._name, together=len(packed)))
            for place in range(len(packed))]

    def _detect(
        self, alike: list[int], requests: dict[int, Request],
        decoded: dict[int, ServerInput | PictureInput],
    ) -> dict[int, Answer]:
        first = requests[alike[0]]
        try:
            served = self._server.serve(
                [decoded[place] for place in alike], first.score_threshold, first.max_detections,
                with_pictures=first.with_picture)
        except Exception as error:  # the runtime's, of any kind: who is to blame is told alone
            if len(alike) > 1:
                return {key: answer for place in alike
                        for key, answer in self._detect([place], requests, decoded).items()}
            self.failed_in_a_row += 1
            return {alike[0]: Answer(
                Outcome.REFUSED, is_decoded=True, sentence=f'nothing detected: {error!r:.500}')}
        self.failed_in_a_row = 0
        return {place: Answer(Outcome.SERVED, served=result, is_decoded=True)
                for place, result in zip(alike, served, strict=True)}

    def _is_late(self, request: Request) -> bool:
        return self._unix_s() > request.deadline_s

    def _decode(self, request: Request) -> ServerInput | PictureInput:
        if not request.is_video:
            return decode_frame(request.frame, self._manifest)
        decoder = self._decoders.pop(request.key, None) or FrameDecoder(self._manifest)
        self._decoders[request.key] = decoder
        if len(self._decoders) > MOST_DECODERS:
            self._decoders.popitem(last=False)
        return decoder.decode(request.frame, request.earlier, self._steady_s())


def _by_settings(requests: dict[int, Request]) -> list[list[int]]:
    """Return the places of requests that ask for the same."""
    alike: dict[tuple[float, int, bool], list[int]] = {}
    for place, request in requests.items():
        alike.setdefault((
            request.score_threshold, request.max_detections, request.with_picture), []
        ).append(place)
    return list(alike.values())
