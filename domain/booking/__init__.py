"""A booking: an appointment, and the units that pay for it.

Read `facts`, `state`, `commands`, then the rules: `new_bookings`, `schedule` (confirm, move), `attendance`,
`cancellation`, `paid_units`.

Touch it to change how a booking is made, moved, attended or cancelled, and its effect on units.

Never build a fact of a package here: call the rules of `domain/package`. Never judge a unit by the terms of today:
the terms at booking time count.
"""
