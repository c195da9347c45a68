"""What may be asked of a model and what comes back, as data."""
