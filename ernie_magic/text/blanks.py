"""Blanks that are no space or tab."""

# Of pages and Chinese keyboards, and what cannot be seen; as a character class of `re` has them.
WIDE_BLANKS = "\u00a0\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff"
