"""How a node starts, runs, changes its state and ends."""
