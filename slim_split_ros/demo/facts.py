"""What a demo's page, table and figures say: plain data made of what was observed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from slim_split_ros.demo.observer import FrameRecord
from slim_split_ros.demo.pictures import annotate, read_pixels
from slim_split_ros.demo.run import DemoRecord
from slim_split_ros.demo.same_bytes import CODECS, WidestDetector, code_within
from slim_split_ros.evaluation.figures.matching import NamedBoxes, count_matches
from slim_split_ros.reports.demo_page import DemoFacts
from slim_split_ros.reports.demo_rows import FrameFigures, ShownFrame, summarize
from slim_split_ros.ros.settings.offboard_parameters import OffboardSettings
from slim_split_ros.wire import Manifest

_LEAST_IOU = 0.5
# Pictures of a page.
PICTURES = 16
# Half a second each.
_COMPARED = 8


@dataclass(frozen=True, slots=True)
class DemoSubject:
    """Hold what was run: the source as it is called, whether it knows the truth, the model."""

    source: str
    has_truth: bool
    codec: str
    manifest: Manifest
    seconds: float
    link: str | None


def collect_facts(subject: DemoSubject, record: DemoRecord) -> DemoFacts:
    """Return what the page shows; some frames are sent as WebP and JPEG too, which takes time."""
    threshold = OffboardSettings().score_threshold
    manifest = subject.manifest
    encoded = [seen for seen in record.frames if seen.width is not None]
    frames = tuple(_figures(seen) for seen in encoded)
    shown = _spread([
        seen for seen in encoded if seen.image is not None and seen.found is not None])
    detector = WidestDetector(manifest, threshold)
    return DemoFacts(
        source=subject.source, codec=subject.codec,
        model=f'{manifest.folder.name}, fingerprint {manifest.fingerprint:016x}',
        classes=manifest.classes, seconds=subject.seconds, score_threshold=threshold,
        least_iou=_LEAST_IOU, has_truth=subject.has_truth,
        channels={entry.width: entry.channels for entry in manifest.widths},
        captured=len(record.frames), frames=frames, rows=summarize(frames, subject.seconds),
        processes=record.processes, drops=record.drops,
        first_payload_s=record.first_payload_s, first_answer_s=record.first_answer_s,
        shown=tuple(_ours(seen, subject) for seen in shown),
        compared=tuple((_ours(seen, subject), *_theirs(seen, detector, manifest.classes))
                       for seen in _some_of_each_width(shown)),
        link=subject.link, report_bytes=record.report_bytes)


def _figures(seen: FrameRecord) -> FrameFigures:
    return FrameFigures(
        captured_s=seen.stamp_ns / 1e9, width=seen.width, message_bytes=seen.message_bytes,
        encode_ms=seen.encode_ms, has_arrived=seen.is_reported or seen.arrived_s is not None,
        server_ms=seen.server_ms, end_to_end_ms=seen.answered_ms,
        answer_bytes=seen.answer_bytes,
        **_counts(seen.found, seen.truth))


def _counts(found: NamedBoxes | None, truth: NamedBoxes | None) -> dict[str, int | None]:
    count = None
    if found is not None and truth is not None:
        count = count_matches(found, truth, _LEAST_IOU)
    return {
        'detections': 0 if found is None else len(found.names),
        'matched': None if count is None else count.matched,
        'objects': None if count is None else count.objects}


def _spread(seen: Sequence[FrameRecord]) -> Sequence[FrameRecord]:
    return seen[::-(-len(seen) // PICTURES) or 1]


def _some_of_each_width(shown: Sequence[FrameRecord]) -> list[FrameRecord]:
    """Return the first frames of all widths in turn."""
    place: Counter[float] = Counter()
    rounds = []
    for seen in shown:
        place[seen.width] += 1
        rounds.append((place[seen.width], seen.width, seen.stamp_ns))
    taken = {stamp_ns for _, _, stamp_ns in sorted(rounds)[:_COMPARED]}
    return [seen for seen in shown if seen.stamp_ns in taken]


def _ours(seen: FrameRecord, subject: DemoSubject) -> ShownFrame:
    jpeg = annotate(read_pixels(seen.image), seen.found, seen.truth, subject.manifest.classes)
    return ShownFrame(
        subject.codec, f'{subject.codec}, width {seen.width:.2f}', seen.width,
        seen.message_bytes, seen.encode_ms, jpeg=jpeg, **_counts(seen.found, seen.truth))


def _theirs(
    seen: FrameRecord, detector: WidestDetector, classes: Sequence[str]
) -> list[ShownFrame]:
    """Return what picture codecs make of the bytes of a frame."""
    pixels = read_pixels(seen.image)
    frames = []
    for codec in CODECS:
        coded = code_within(pixels, codec, seen.message_bytes)
        found = detector.detect(coded.pixels)
        frames.append(ShownFrame(
            codec, f'{codec}, quality {coded.quality}, scale {coded.scale:.2f}', None,
            coded.message_bytes, coded.encode_ms,
            jpeg=annotate(coded.pixels, found, seen.truth, classes),
            **_counts(found, seen.truth)))
    return frames
