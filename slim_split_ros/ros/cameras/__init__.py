"""Cameras without a camera: the simulated one, files and bags, played at their pace."""
