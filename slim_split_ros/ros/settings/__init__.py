"""The parameters of each node, declared, described and checked."""
