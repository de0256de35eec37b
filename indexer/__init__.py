"""The offline pipeline: scan, load, encode, add, report."""
