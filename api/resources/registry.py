"""Every route, one line a module."""

from collections.abc import Sequence

from litestar.handlers import HTTPRouteHandler

from api.resources import (
    business,
    exports,
    health,
    inbox,
    keys,
    ledger,
    me,
    messages,
    past_imports,
    photos,
    read_models,
    segments,
    sign_ins,
    staff,
    verifications,
    webhooks,
    welcome,
)
from api.resources.bookings import commands as booking_commands
from api.resources.bookings import history as booking_history
from api.resources.bookings import queries as booking_queries
from api.resources.catalogue import offers, plans, services
from api.resources.customers import activity, bulk, credits, erasure, merging
from api.resources.customers import commands as customer_commands
from api.resources.customers import history as customer_history
from api.resources.customers import lists as customer_lists
from api.resources.memberships import commands as membership_commands
from api.resources.memberships import history as membership_history
from api.resources.memberships import queries as membership_queries
from api.resources.packages import commands as package_commands
from api.resources.packages import endings, reminders, transfers, units, verification
from api.resources.packages import history as package_history
from api.resources.packages import lists as package_lists
from api.resources.packages import queries as package_queries
from api.resources.payments import commands as payment_commands
from api.resources.payments import queries as payment_queries
from api.resources.points import commands as points_commands
from api.resources.points import queries as points_queries
from api.resources.receipts import queries as receipt_queries
from api.resources.redemptions import commands as redemption_commands
from api.resources.redemptions import queries as redemption_queries
from api.resources.reports import entries, liability, movements, reasons, sales, watchlist
from api.resources.top_ups import commands as top_up_commands
from api.resources.top_ups import queries as top_up_queries

HANDLERS: Sequence[HTTPRouteHandler] = (
    *welcome.HANDLERS,
    *health.HANDLERS,
    *ledger.HANDLERS,
    *verifications.HANDLERS,
    *read_models.HANDLERS,
    *me.HANDLERS,
    *business.HANDLERS,
    *staff.HANDLERS,
    *keys.HANDLERS,
    *sign_ins.HANDLERS,
    *messages.HANDLERS,
    *webhooks.HANDLERS,
    *services.HANDLERS,
    *offers.HANDLERS,
    *plans.HANDLERS,
    *customer_commands.HANDLERS,
    *erasure.HANDLERS,
    *merging.HANDLERS,
    *customer_history.HANDLERS,
    *customer_lists.HANDLERS,
    *bulk.HANDLERS,
    *segments.HANDLERS,
    *photos.HANDLERS,
    *past_imports.HANDLERS,
    *package_commands.HANDLERS,
    *endings.HANDLERS,
    *transfers.HANDLERS,
    *reminders.HANDLERS,
    *membership_commands.HANDLERS,
    *membership_queries.HANDLERS,
    *membership_history.HANDLERS,
    *top_up_commands.HANDLERS,
    *top_up_queries.HANDLERS,
    *payment_commands.HANDLERS,
    *booking_commands.HANDLERS,
    *booking_queries.HANDLERS,
    *booking_history.HANDLERS,
    *credits.HANDLERS,
    *activity.HANDLERS,
    *points_commands.HANDLERS,
    *points_queries.HANDLERS,
    *redemption_commands.HANDLERS,
    *redemption_queries.HANDLERS,
    *inbox.HANDLERS,
    *package_queries.HANDLERS,
    *units.HANDLERS,
    *verification.HANDLERS,
    *receipt_queries.HANDLERS,
    *package_history.HANDLERS,
    *package_lists.HANDLERS,
    *payment_queries.HANDLERS,
    *exports.HANDLERS,
    *liability.HANDLERS,
    *movements.HANDLERS,
    *sales.HANDLERS,
    *entries.HANDLERS,
    *reasons.HANDLERS,
    *watchlist.HANDLERS,
)
