"""A bag through the code of both sides, and what that leaves: `session.py` puts it together."""
