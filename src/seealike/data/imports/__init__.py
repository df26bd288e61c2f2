"""Bring your own: features that exist already, in whatever file, into the store."""
