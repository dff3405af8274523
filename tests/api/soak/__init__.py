"""A soak, and what its judge sees."""
