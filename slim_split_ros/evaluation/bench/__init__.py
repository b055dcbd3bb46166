"""Times on this machine, side by side in one run."""
