"""Experiments that take longer than a lab may run; their rows are in data/experiments."""
