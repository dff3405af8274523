"""What a business performs and sells: services, and the offers whose sale makes a package.

Read `facts`, `state`, `commands`, then the rules.
"""
