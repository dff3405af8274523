"""HTTP for every route: requests, answers, keys, permissions, problems, limits, OpenAPI.

Offers `command` and `query` to make a function into a route, and `Problem` to refuse a request. `permissions` names
the groups of roles, `ownership` the things of a customer.

Touch it to change something for all routes: a header, a limit, a problem code, a group of roles.

Never write the body or the answer of one resource here: `api/resources` holds them. Never import that folder.
"""
