"""What is known of the link, from the sender's own frames and the far side's reports."""
