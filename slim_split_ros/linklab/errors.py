"""
What can be wrong with a link lab's input or its machine.

LinkLabError
├── TableError        a trace or a table of frames that cannot be used
├── RunError          a run that cannot be made of its settings
└── NamespaceError    the machine cannot give the real link
"""


class LinkLabError(Exception):
    """Stand for every fault of the link lab."""


class TableError(LinkLabError):
    """Say which line of which file is wrong, and what it has to be."""


class RunError(LinkLabError):
    """Say which setting of a run is out of range."""


class NamespaceError(LinkLabError):
    """Say what the machine lacks for a real link, and how to get it."""
