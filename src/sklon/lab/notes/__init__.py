"""Learners' notes: read, recognised, judged, and given back with the blanks filled in."""
