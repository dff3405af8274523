"""Reports over the facts, at any moment of either clock."""
