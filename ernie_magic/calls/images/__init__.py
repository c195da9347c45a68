"""Pictures: how they are made, kept, and made again."""
