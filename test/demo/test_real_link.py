"""Does a run over the real link end with all that it started, whatever ends it?"""

from collections.abc import Callable
from pathlib import Path
import signal

import psutil
import pytest

from support.network_namespaces import namespace_names, needs_root, processes_in
from support.processes import Process, wait_until

pytestmark = [pytest.mark.ros, needs_root]


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGKILL])
def test_nodes_end_with_the_command(
        number: int, ros_process: Callable[..., Process], tmp_path: Path) -> None:
    trace = tmp_path / 'steady.csv'
    trace.write_text('t_s,rate_kbps,delay_ms,loss\n0,1000,0,0\n60,1000,0,0\n')
    command = ros_process('-m', 'slim_split_ros', 'link', '--real', '--trace', str(trace))
    names = [f'slim_robot_{command.pid}', f'slim_server_{command.pid}']
    # Three nodes and tc beside the robot, a node beside the server.
    wait_until(lambda: not command.is_running or len(processes_in(*names)) == 5, 60.0,
               'the start of the nodes')
    assert command.is_running, command.output
    inside = processes_in(*names)

    command.signal(number)

    assert command.wait(30.0) == (1 if number == signal.SIGINT else -number)
    assert number == signal.SIGKILL or 'interrupted before it was done' in command.output
    _, alive = psutil.wait_procs(inside, timeout=20.0)
    assert not alive
    wait_until(lambda: not namespace_names() & set(names), 20.0, 'the end of the namespaces')
