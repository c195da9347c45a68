"""Conversations: turns, tools, attachments."""
