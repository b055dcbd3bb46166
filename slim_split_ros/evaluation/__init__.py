"""Rate, accuracy and time, measured on the same pictures for everything compared."""
