"""Decoders of firmwares that rules alone do not reach: `NAME` has `make(profile, changed)`."""
