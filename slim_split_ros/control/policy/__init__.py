"""What is done about the link: who chooses the operating point of the next frame."""
