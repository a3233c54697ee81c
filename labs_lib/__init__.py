"""The helper package of the course: plumbing, and engines for what no library offers."""

__version__ = "0.1.0"
