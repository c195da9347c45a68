"""Pure functions on words: languages, Markdown, redaction, controls made visible."""
