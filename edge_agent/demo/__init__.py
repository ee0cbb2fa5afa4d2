"""The demo: recorded devices that live again, a home for them, and a screen that shows it all."""
