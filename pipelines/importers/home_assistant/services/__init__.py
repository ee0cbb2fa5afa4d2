"""What services become, one kind a file."""
