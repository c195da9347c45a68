"""One prompt for each row of a table."""
