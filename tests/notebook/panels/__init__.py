"""Panels without a page: what their widgets do."""
