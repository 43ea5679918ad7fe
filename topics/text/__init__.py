"""Documents to passages: cutting, near-duplicates, words."""
