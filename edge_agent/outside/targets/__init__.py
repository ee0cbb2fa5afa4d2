"""Where notifications can go, one kind a file."""
