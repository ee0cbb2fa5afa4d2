"""Understand sentences: what somebody asks of the home, in English, German and Chinese."""
