"""Bytes and HTTP: the decoder of server-sent events, failures, and one file per protocol."""
