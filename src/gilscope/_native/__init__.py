"""Everything compiled, with a stub beside each module."""
