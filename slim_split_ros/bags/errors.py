"""
The errors of the bags room.

BagError    a bag that is missing, damaged, or without the images that are asked for
"""


class BagError(Exception):
    """Name the bag, what is wrong with it, and what to do."""
