"""Pages of the documentation, run from top to bottom as a reader would.

`blocks` finds what a page shows, `script` makes one program of it, `shell` runs its commands, `waiting` starts `carnet`
without importing it anew each time.
"""
