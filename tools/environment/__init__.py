"""Make the virtual environment of this checkout: `python -m tools.environment`."""
