"""Passages to vectors: encoders and the store of what was embedded before."""
