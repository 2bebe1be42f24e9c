"""Reports: pure functions of a session, one output per file."""
