"""Benchmarks: speed as ratios within one run. Nothing here is asserted in tests."""
