"""What a comparison measures, and how sure it is of it."""
