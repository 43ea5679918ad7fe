"""Files to documents: formats, PDF, boilerplate, the corpus."""
