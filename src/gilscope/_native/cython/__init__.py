"""A short .pyx per kernel, as a user would write it: held and released twins, one above the other."""
