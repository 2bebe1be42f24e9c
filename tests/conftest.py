"""What all tests need."""

import signal

# A shell starts background jobs with SIGINT ignored, and programs inherit that: no test of Ctrl-C could pass there.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
