"""Checking a function: does it release the GIL, does that help, and if not, why."""
