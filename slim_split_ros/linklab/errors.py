"""
What can be wrong with a link lab's input or its machine.

LinkLabError
├── TraceError        a trace that cannot be replayed
├── FramesError       operating points or frame sizes that cannot be used
└── NamespaceError    the machine cannot give the real link
"""


class LinkLabError(Exception):
    """Stand for every fault of the link lab."""


class TraceError(LinkLabError):
    """Say which line of which trace is wrong, and what it has to be."""


class FramesError(LinkLabError):
    """Say which row of the operating points or frame sizes is wrong."""


class NamespaceError(LinkLabError):
    """Say what the machine lacks for a real link, and how to get it."""
