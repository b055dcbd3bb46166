"""The namespaces of one robot's nodes: its own name, and below it one of each camera."""

from collections import Counter
import re

_TOKEN = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
_RULE = 'letters, digits and underscores, no digit first'


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
        if (name or argument == 'cameras') and not _TOKEN.fullmatch(name):
            raise ValueError(f'argument {argument} has the name {name!r}: give {_RULE}')
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(
            f'argument cameras names {twice[0]} twice: give each camera a name of its own')
    if len(names) > 1 and image_topic.startswith('/'):
        raise ValueError(
            f'argument image_topic is {image_topic}, one topic for {len(names)} cameras: give a '
            'relative one, such as image, which is looked for in the namespace of each')
    base = '/'.join(filter(None, [namespace.rstrip('/'), robot]))
    return ['/'.join(filter(None, [base, name])) for name in names] or [base]
