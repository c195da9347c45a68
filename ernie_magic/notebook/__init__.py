"""What a notebook shows and takes: magics, displays, panels."""
