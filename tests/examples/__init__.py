"""A day at a salon, request by request: the examples of the OpenAPI document.

`day.py` and the files beside it send a request to every route, with `recording.py`. Add a step for a new route, then
run `python -m tests.reference`: it plays the day and writes `api/resources/examples.json`.
"""
