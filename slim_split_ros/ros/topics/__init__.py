"""What goes over topics: messages, their QoS, and who else is there."""
