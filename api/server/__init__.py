"""The process that serves: settings, the installation, the application, workers and logs.

Offers `create_app` (the application), `opened` (the databases that the settings name), `serve` and `RunnerProcess`.

Touch it to add a setting, a check on every request, or a header of every answer.

Never log a body, a query, a key or a name. Never read a `CARNET_*` variable outside `settings`.
"""
