"""From labelled pictures to weights and the files that both nodes run."""
