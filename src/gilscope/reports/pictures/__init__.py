"""How sessions and traces are drawn: a module for each experiment that has a picture of its own, and what these share."""
