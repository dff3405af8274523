"""HTTP as every route needs it: requests, answers, keys, permissions, problems, limits, OpenAPI.

No word of the business stands in here: what a package is, a resource says.
"""
