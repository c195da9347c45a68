"""Panels: sliders, chat, pictures and vectors in a notebook, on the same session as the magics."""
