"""Trained networks as the model folders that both nodes run."""
