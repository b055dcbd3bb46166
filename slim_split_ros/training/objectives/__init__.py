"""What each stage of training is asked to make small."""
