"""A run to files: the notebooks as one HTML page, and the data behind it."""
