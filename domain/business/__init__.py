"""A business: its currency, time zone, policies, locations and segments of customers.

Read `facts`, `state`, `commands`, then the rules: `policies`, `locations`, `zones`, `segments`. `customer_filters`
holds the filters of the customer list; a segment saves some of them.

Touch it to add a policy, a rule that earns points, or a filter of customers. A new policy is a field with a default
in `Policies` and `ChangePolicies`, and the next version of `business.policy_changed`.

Never change the currency or the time zone of a business: both are fixed when it is opened. Never apply a policy to
what was decided before it.
"""
