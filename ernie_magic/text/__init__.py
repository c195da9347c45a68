"""Pure functions on text: languages, Markdown, redaction, control characters made visible."""
