"""The model and simulator of the tests: the real books, driven against a second opinion in plain integers."""
