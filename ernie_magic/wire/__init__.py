"""Bytes and HTTP: the server-sent events decoder, failures, and one file a protocol."""
