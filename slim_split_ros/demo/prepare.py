"""A demo from its options to what its page shows: what is checked, prepared and described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import os
from pathlib import Path

from slim_split_ros.demo.emulated_link_node import SENT
from slim_split_ros.demo.environment import demo_environment
from slim_split_ros.demo.facts import PICTURES, DemoSubject, collect_facts
from slim_split_ros.demo.link import DemoLink, describe_run
from slim_split_ros.demo.output import ROS_LOG, prepare_folder
from slim_split_ros.demo.plan import plan_nodes
from slim_split_ros.demo.run import DemoPlan, DemoRecord
from slim_split_ros.reports.demo_page import DemoFacts
from slim_split_ros.reports.link_page import LinkRun
from slim_split_ros.ros.errors import StartError
from slim_split_ros.ros.model import bundle_folder
from slim_split_ros.ros.settings.onboard_parameters import SHIPPED
from slim_split_ros.wire import load_manifest

_NODE_CHOOSES = 0.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """
    Hold what a user asks for; None as source is the simulated camera, as link none at all.

    `topic` is one of a bag, '' its only one; `model` is a folder, a shipped one's name, or
    `shipped` for what fits source and codec; with `every_picture` as many are kept as memory
    takes, and not only those of the page.
    """

    source: str | None
    topic: str
    link: Path | None
    seconds: float
    codec: str
    model: str
    seed: int
    folder: Path
    every_picture: bool = False


@dataclass(frozen=True, slots=True)
class Demo:
    """Hold a demo that can run: its plan, its environment, and what it is about."""

    plan: DemoPlan
    environment: Mapping[str, str]
    subject: DemoSubject
    link: DemoLink | None

    def describe(self, record: DemoRecord) -> tuple[DemoFacts, LinkRun | None]:
        """Return what the pages of the demo and of its link show."""
        run = None if self.link is None else describe_run(self.link, record, self.plan.seconds)
        return collect_facts(self.subject, record), run


def prepare_demo(options: DemoOptions) -> Demo:
    """
    Check everything that can be checked before anything runs, and clear the folder.

    Raises StartError, WireError, BagError, LinkLabError, DemoError or OSError for what cannot be
    used, with a sentence that names it.
    """
    if options.codec != 'slim' and options.model != SHIPPED:
        raise StartError(f'codec {options.codec} says which shipped model runs where none is '
                         f'named, and {options.model} is: give one of the two')
    link = None if options.link is None else DemoLink.begin(options.link)
    manifest = load_manifest(bundle_folder(_model_for(options), options.codec))
    widths = tuple(sorted(entry.width for entry in manifest.widths)) if link is None else ()
    nodes = plan_nodes(options.source, options.topic, options.seed,
                       str(manifest.folder.resolve()), widths[0] if widths else _NODE_CHOOSES)
    if link is not None:
        nodes = link.between(nodes)
    folder = options.folder.resolve()
    prepare_folder(folder)
    period_s = 0.0 if options.every_picture else options.seconds / PICTURES
    plan = DemoPlan(tuple(nodes), widths, options.seconds, period_s, folder,
                    None if link is None else SENT)
    # The founding paper's symbols travel in so many bits each, without entropy coding.
    subject = DemoSubject(
        options.source or 'The simulated camera', options.source is None,
        'ensemble' if manifest.bits else 'slim', manifest,
        options.seconds, None if link is None else link.trace.name)
    return Demo(plan, demo_environment(os.environ, folder / ROS_LOG), subject, link)


def _model_for(options: DemoOptions) -> str:
    """Return the model that is asked for; the simulated camera sees nothing but RoboCup."""
    if options.source is None and (options.model, options.codec) == (SHIPPED, 'slim'):
        return 'robocup'
    return options.model
