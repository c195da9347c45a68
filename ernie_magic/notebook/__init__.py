"""What a notebook accepts and shows: magics, displays, panels."""
