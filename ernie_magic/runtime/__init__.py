"""One I/O thread, and the ways to wait for it."""
