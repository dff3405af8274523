"""The specification of the pure core: decisions as given, when, then; laws as properties; golden facts."""
