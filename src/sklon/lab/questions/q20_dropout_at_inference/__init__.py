"""Q20: what dropout does when a trained network is used."""
