"""Where do the shipped models lie?"""

from pathlib import Path

SHIPPED_MODEL = Path(__file__).parent / 'robocup'
