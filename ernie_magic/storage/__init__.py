"""What outlives a kernel, and the files that are written."""
