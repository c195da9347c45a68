"""What a person sees: streamed Markdown, footers, tables, errors; in a notebook, in a terminal,
and saved.
"""
