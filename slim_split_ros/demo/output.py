"""What a demo leaves in its folder, and what of an earlier one it takes away before."""

from __future__ import annotations

from dataclasses import asdict
import os
from pathlib import Path
from typing import Any

from slim_split_ros.reports.demo_page import DemoFacts, render_demo
from slim_split_ros.reports.demo_rows import traffic
from slim_split_ros.reports.link_page import LinkRun, render_link_page

PAGE, LINK_PAGE = 'index.html', 'link.html'
_PICTURES, ROS_LOG = 'frames', 'ros_log'
# What demos write, and nothing that a user might have put beside it.
_OWN_FILES = (
    PAGE, LINK_PAGE, 'sim_camera.log', 'file_camera.log', 'bag_camera.log', 'onboard.log',
    'offboard.log', 'emulated_link.log', f'{_PICTURES}/[0-9][0-9]_width_[0-9][0-9][0-9].jpg',
    f'{ROS_LOG}/python*_[0-9]*_[0-9]*.log')


def prepare_folder(folder: Path) -> None:
    """Make the folder, and remove from it what earlier demos wrote."""
    (folder / _PICTURES).mkdir(parents=True, exist_ok=True)
    for pattern in _OWN_FILES:
        for old in folder.glob(pattern):
            old.unlink()


def write_pages(folder: Path, facts: DemoFacts, link: LinkRun | None) -> Path:
    """Write pictures and pages, and return the page to open first."""
    # matplotlib's list of fonts: generated things stay in the output folder.
    os.environ.setdefault('MPLCONFIGDIR', str(folder.resolve() / 'matplotlib'))
    for number, frame in enumerate(facts.shown):
        name = f'{number:02d}_width_{round(100 * frame.width):03d}.jpg'
        (folder / _PICTURES / name).write_bytes(frame.jpeg)
    if link is not None:
        (folder / LINK_PAGE).write_text(render_link_page(link), encoding='utf-8')
    page = folder / PAGE
    page.write_text(render_demo(facts), encoding='utf-8')
    return page


def figures_of(facts: DemoFacts) -> dict[str, Any]:
    """Return the figures as JSON has them."""
    return {
        'source': facts.source, 'codec': facts.codec, 'model': facts.model,
        'seconds': facts.seconds, 'score_threshold': facts.score_threshold,
        'iou': facts.least_iou, 'first_payload_s': facts.first_payload_s,
        'first_answer_s': facts.first_answer_s, 'captured': facts.captured,
        'rates_kbps': asdict(traffic(facts.frames, facts.report_bytes, facts.seconds)),
        'widths': [asdict(row) for row in facts.rows],
        'processes': [asdict(row) for row in facts.processes],
        'dropped_on_board': dict(facts.drops)}
