"""A booking: an appointment as this product sees it, and the units that pay for it.

Read `facts`, `state`, `commands`, then the rules: `schedule`, `attendance`, `cancellation`, `paid_units`.
"""
