"""The command `carnet`: one file a command, as it is typed. `main.py` lists them.

A command may open an installation, ask the read models and print; it holds no rule.
"""
