"""The robot's side on aarch64, emulated on an x86-64 Debian: `python -m tools.arm64`."""
