"""Datasets for tuning: the platform's formats, read, checked and written here."""
