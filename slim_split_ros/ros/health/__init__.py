"""What the nodes say on `/diagnostics`: facts judged once a second, and what to do then."""
