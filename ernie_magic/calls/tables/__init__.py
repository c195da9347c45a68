"""A question about each row of a table."""
