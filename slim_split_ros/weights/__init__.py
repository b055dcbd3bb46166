"""Where do the shipped models lie?"""

from pathlib import Path

# Not by importlib.resources: the package also spans the folder of the generated messages.
SHIPPED_MODEL = Path(__file__).resolve().parent / 'robocup'
