"""Benchmarks: what Carnet does in a second, measured side by side with other designs in one run."""
