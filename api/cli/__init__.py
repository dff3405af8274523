"""The command `carnet`: one file a command, as it is typed. `main` lists them, `options` and `output` serve several.

Touch it to add a command: a file of its own and a line in `main`. Its docstring is the manual behind `--help`.

Never put a rule of the business here: open an installation, ask or order, print. Never print a trace for an error
that people can mend: name it in `main.TOLD`.
"""
