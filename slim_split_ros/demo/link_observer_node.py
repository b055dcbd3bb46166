"""
The observer as a process of its own, beside the robot on a real link.

It makes `OUTPUT.ready` when the first detections have come, and writes a row a frame to `output`
when it is told to end.
"""

if __name__ == '__main__':  # a signal, or a package missing, during the imports below
    from slim_split_ros.ros.process.ending import end_quietly
    end_quietly()

from collections.abc import Sequence
import json
from pathlib import Path
import sys

from slim_split_ros.demo.observer import Observer
from slim_split_ros.ros.process.spin import run_node

_READY_PERIOD_S = 0.1


class LinkObserver(Observer):
    """Write down what was observed; stamps in nanoseconds since 1970."""

    def __init__(self) -> None:
        super().__init__(pictures_period_s=None)
        self._output = Path(self.declare_parameter('output', 'frames.json').value)
        self.create_timer(_READY_PERIOD_S, self._tell_ready)

    def stop(self) -> None:
        """Write the rows."""
        rows = [{'stamp_ns': seen.stamp_ns, 'width': seen.width,
                 'message_bytes': seen.message_bytes, 'answered_ns': seen.answered_ns}
                for seen in self.captured_since(0)]
        self._output.write_text(json.dumps(rows), encoding='utf-8')

    def _tell_ready(self) -> None:
        if self.answers:
            self._output.with_suffix('.ready').touch()


def main(args: Sequence[str] | None = None) -> int:
    """Observe until told to stop; return the exit status."""
    return run_node(LinkObserver, args)


if __name__ == '__main__':
    sys.exit(main())
