"""A fleet of robots beyond one server: the plan of it. Nothing here imports ray by itself."""
