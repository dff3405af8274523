"""What developers and operators look at: read models, what each fact does to a row, and the routes of the API.

Read `routes` (the OpenAPI document as pages) and `read_models` (their state, and the stepper).

Never show the name of a person here, whoever looks.
"""
