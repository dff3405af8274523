"""The read models: one file each, a table and a pure function. `registry.py` lists them."""
