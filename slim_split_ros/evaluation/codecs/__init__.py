"""What is compared: every way of getting a picture off a robot, with one face."""
