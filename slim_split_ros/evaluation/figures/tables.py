"""Measured points as a person sees them at a terminal."""

from __future__ import annotations

from slim_split_ros.evaluation.evaluate import Evaluation
from slim_split_ros.evaluation.figures.points import MeasuredPoint

COLUMNS = ('codec', 'bytes', 'encode ms', 'p95', 'network ms', 'AP50', 'of detector', 'AP')


def text_table(evaluation: Evaluation) -> str:
    """Return a row a point, with the share of the detector's AP50 that it keeps."""
    rows = [COLUMNS, *(_row(point, evaluation.detector.ap50) for point in evaluation.points)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ['  '.join(cell.rjust(width) if column else cell.ljust(width)
                       for column, (cell, width) in enumerate(zip(row, widths, strict=True)))
             for row in rows]
    detector = evaluation.detector
    return '\n'.join([
        f'Detector on undamaged pictures: AP50 {detector.ap50:.3f}, AP {detector.ap:.3f}',
        *lines])


def _row(point: MeasuredPoint, reference: float) -> tuple[str, ...]:
    figures = point.to_dict()
    share = figures['ap50'] / reference if reference else float('nan')
    return (point.setting.name, f'{figures["bytes"]:.0f}', f'{figures["encode_ms_p50"]:.2f}',
            f'{figures["encode_ms_p95"]:.2f}', f'{figures["network_ms"]:.2f}',
            f'{figures["ap50"]:.3f}', f'{share:.1%}', f'{figures["ap"]:.3f}')
