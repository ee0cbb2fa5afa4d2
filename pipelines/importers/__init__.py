"""What other systems' files become here: one folder a system."""
