"""What a call does, from a request to its result."""
