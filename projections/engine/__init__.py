"""How any read model is kept: the definition, the runner, the rebuild, freshness. It knows no read model."""
