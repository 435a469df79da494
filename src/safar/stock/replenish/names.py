"""What classes of demand and models are called on screen."""

from safar.kernel.i18n import N_

DEMANDS = {
    "smooth": N_("steady"),
    "erratic": N_("every week, in uneven amounts"),
    "intermittent": N_("now and then"),
    "lumpy": N_("now and then, in uneven amounts"),
    "new": N_("too short to tell"),
    "none": N_("none"),
}
MODELS = {
    "IMAPA": N_("Sums over one to several weeks, averaged (IMAPA)"),
    "ADIDA": N_("Sums over as long as demand takes to come (ADIDA)"),
    "TSB": N_("Chance and size of demand apart (TSB)"),
    "SBA": N_("Size and interval of demand apart (Croston, SBA)"),
    "SES": N_("Recent weeks count more"),
    "SESOpt": N_("Recent weeks count more, as much as fits best"),
    "Mean": N_("Mean of all weeks"),
}
