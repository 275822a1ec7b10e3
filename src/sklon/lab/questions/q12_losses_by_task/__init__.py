"""Q12: which loss goes with which task."""
