"""What devices say and understand, firmware by firmware."""
