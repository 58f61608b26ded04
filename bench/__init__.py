"""Benchmarks: what flashbot costs, each time beside something else that is run in the same minutes."""
