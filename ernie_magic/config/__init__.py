"""Whom we talk to, and with which key."""
