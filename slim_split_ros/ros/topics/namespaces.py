"""The namespaces of robots: each has its own, and below it one of each camera."""

from collections import Counter
from dataclasses import dataclass
import re

_TOKEN = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
_RULE = 'letters, digits and underscores, no digit first'
_PATTERN_TOKEN = re.compile(r'[A-Za-z_*?][A-Za-z0-9_*?]*')


@dataclass(frozen=True, slots=True)
class RobotNames:
    """Hold the namespaces of robots, relative to the server's, and patterns of others."""

    names: tuple[str, ...]
    patterns: tuple[str, ...]


def node_namespaces(namespace: str, robot: str, cameras: str, image_topic: str) -> list[str]:
    """
    Return the namespace of each camera's nodes; of one camera without a name, the robot's.

    Raises ValueError for names that ROS does not take or that clash, and for cameras that would
    all read the same topic.

    >>> node_namespaces('', 'robot1', 'front,rear', 'image')
    ['robot1/front', 'robot1/rear']
    >>> node_namespaces('/team', 'robot1', '', 'image')
    ['/team/robot1']
    """
    names = [name.strip() for name in cameras.split(',')] if cameras.strip() else []
    for argument, name in (('robot', robot), *(('cameras', name) for name in names)):
        # As a topic two underscores in a row pass; as a namespace on the command line they do not.
        if (name or argument == 'cameras') and (not _TOKEN.fullmatch(name) or '__' in name):
            raise ValueError(f'argument {argument} has the name {name!r}: give {_RULE}, and no '
                             'two underscores in a row')
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(
            f'argument cameras names {twice[0]} twice: give each camera a name of its own')
    if len(names) > 1 and image_topic.startswith('/'):
        raise ValueError(
            f'argument image_topic is {image_topic}, one topic for {len(names)} cameras: give a '
            'relative one, such as image, which is looked for in the namespace of each')
    base = '/'.join(filter(None, [namespace.rstrip('/'), robot]))
    return ['/'.join(filter(None, [base, name])) for name in names] or [base]


def read_robots(robots: str) -> RobotNames:
    """
    Return the robots that a server is told to serve; empty: one, in the server's namespace.

    Raises ValueError for names that ROS does not take or that clash.

    >>> read_robots('robot1/front, scout*')
    RobotNames(names=('robot1/front',), patterns=('scout*',))
    >>> read_robots('')
    RobotNames(names=('',), patterns=())
    """
    if not robots.strip():
        return RobotNames(('',), ())
    given = [name.strip() for name in robots.split(',')]
    patterns = tuple(name for name in given if _is_pattern(name))
    names = tuple(name for name in given if name not in patterns)
    for name in names:
        if not all(map(_TOKEN.fullmatch, name.split('/'))):
            raise ValueError(
                f'robots has the name {name!r}: give {_RULE}, of a camera such as robot1/front, '
                'or a pattern such as *')
    if twice := [name for name, count in Counter(given).items() if count > 1]:
        raise ValueError(f'robots names {twice[0]} twice: give each robot a name of its own')
    return RobotNames(names, patterns)


def _is_pattern(name: str) -> bool:
    """Say whether a name has wildcards and may be that of a namespace, relative to another."""
    return ('*' in name or '?' in name) and all(
        map(_PATTERN_TOKEN.fullmatch, name.split('/')))


def topic_of(robot: str, topic: str, node_name: str) -> str:
    """
    Return where a server has a topic of one robot: as if one of its own ran in its namespace.

    >>> topic_of('robot1', 'answer', 'offboard'), topic_of('robot1', '~/picture', 'offboard')
    ('robot1/answer', 'robot1/offboard/picture')
    >>> topic_of('', '~/picture', 'offboard')
    '~/picture'
    """
    return f'{robot}/{topic.replace("~", node_name)}' if robot else topic
