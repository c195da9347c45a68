"""What a person sees, in a notebook, a terminal or a saved file: Markdown, footers, tables, errors."""
