"""
Errors of the networks.

NetworkError
└── WeightsError    a file of weights that cannot be read, named with the remedy
"""


class NetworkError(Exception):
    """Base of everything that the networks raise on purpose."""


class WeightsError(NetworkError):
    """A file that holds no weights of this package."""
