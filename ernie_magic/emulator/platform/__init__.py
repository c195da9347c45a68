"""Qianfan's platform on the emulator: each group of functions in a file of its own."""
