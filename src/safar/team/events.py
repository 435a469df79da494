"""The events that this room writes, as staff read them."""

from safar.journal.kinds import EventKind
from safar.kernel.i18n import N_

EVENTS = (
    EventKind("staff.invited", N_("Invited somebody as %(role)s"), "lock"),
    EventKind("staff.role_changed", N_("Changed somebody’s role from %(before)s to %(role)s"), "lock"),
    EventKind("staff.disabled", N_("Ended somebody’s access"), "lock"),
    EventKind("staff.enabled", N_("Restored somebody’s access"), "lock"),
    EventKind("staff.password_renewed", N_("Issued a new one-time password"), "lock"),
    EventKind("staff.password_changed", N_("Changed their own password"), "lock"),
    EventKind("staff.signed_in", N_("Signed in"), "lock"),
    EventKind("staff.signed_out", N_("Signed out"), "lock"),
    EventKind("staff.sign_in_failed", N_("Failed sign-in"), "lock"),
)
