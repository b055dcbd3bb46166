"""The systems that `evaluate` compares with, trained and exported as ours is."""
