"""What is wrong with a file or a cell of it, in the words of whoever reads the preview."""

from collections.abc import Mapping

from safar.kernel.i18n import N_, _
from safar.kernel.sheets import COLUMNS_MAX, ROWS_MAX

FILES: Mapping[str, str] = {
    "not_a_sheet": N_(
        "This is neither a CSV nor an XLSX file, or it is damaged. Save it again and try once more."
    ),
    "too_many_rows": N_("A file has at most %(rows)s rows. Split it."),
    "too_many_columns": N_("A file has at most %(columns)s columns."),
    "too_large": N_("This file is too large. Split it."),
    "empty": N_("There are no rows in this file."),
    "no_sku_column": N_("The first row must name the columns, and one of them must be “sku”."),
    "no_email_column": N_("The first row must name the columns, and one of them must be “email”."),
    "column_twice": N_("The first row has the same column twice."),
    "no_figures_column": N_("A column “on_hand” (what was counted) or “received” (what came in) is needed."),
    "both_figures_columns": N_("Give either “on_hand” or “received”, not both in one file."),
}

CELLS: Mapping[str, str] = {
    "needed": N_("is needed"),
    "needed_when_new": N_("is needed for a new article"),
    "too_long": N_("is too long"),
    "not_text": N_("has characters that cannot be used"),
    "not_a_sku": N_("is not a SKU: letters, digits and . - _ + only, at most 40"),
    "not_an_address": N_("may have small Latin letters, digits and hyphens only: “%(value)s”"),
    "sku_twice": N_("is in row %(value)s already"),
    "not_an_email": N_("is not an e-mail address: “%(value)s”"),
    "email_twice": N_("is in row %(value)s already"),
    "needed_with_consent": N_("is needed: say where the consent comes from, here or in the form"),
    "not_a_language": N_("is not a language of this shop: “%(value)s”"),
    "not_a_country": N_("must be two letters such as GB, not “%(value)s”"),
    "not_a_price": N_("is not a price such as 4.95: “%(value)s”"),
    "two_readings": N_("can be read in two ways. Write one of them: %(value)s"),
    "too_fine": N_("has more decimals than its currency: “%(value)s”"),
    "was_not_more": N_("must be more than the price"),
    "not_a_barcode": N_("is not an EAN, UPC or GTIN (its check digit is wrong): “%(value)s”"),
    "barcode_rounded": N_("was rounded by the spreadsheet: format the column as text (“%(value)s”)"),
    "barcode_taken": N_("belongs to %(value)s"),
    "moved": N_("is not written: the catalogue has changed meanwhile. Hand this row in again"),
    "barcode_twice": N_("is in row %(value)s already"),
    "not_a_weight": N_("is not a weight in whole grams: “%(value)s”"),
    "not_a_most": N_("must be a whole number from 1 to 999, or empty, not “%(value)s”"),
    "not_a_tax_class": N_("must be standard, reduced or zero, not “%(value)s”"),
    "not_yes_or_no": N_("must be yes or no, not “%(value)s”"),
    "not_options": N_("must look like “Colour: Red; Size: L”, not “%(value)s”"),
    "not_told_apart": N_("do not tell it from %(value)s: give both the same option with different values"),
    "not_parts": N_("must look like “SKU * 2; OTHER”, not “%(value)s”"),
    "part_of_itself": N_("names the kit itself"),
    "unknown_part": N_("names an article that there is not: %(value)s"),
    "kit_of_kits": N_("names a kit, or this is itself a part of one: %(value)s"),
    "other_product": N_("cannot be changed: the article belongs to %(value)s"),
    "product_differs": N_("differs from row %(value)s, which is about the same product"),
    "unknown_sku": N_("is not in the catalogue"),
    "unknown_location": N_("no such location: “%(value)s”"),
    "not_a_quantity": N_("is not a whole number from 0 to 1,000,000: “%(value)s”"),
    "tracks_lots": N_("is kept in lots: count or receive it on its own page"),
    "is_kit": N_("is a kit: count its parts"),
    "below_held": N_("is less than the %(value)s units that are promised to customers"),
    "place_twice": N_("stands with the same location in row %(value)s already"),
}


def file_problem(code: str) -> str:
    """Return why a file cannot be used, in the language in force."""
    return _(FILES[code], rows=ROWS_MAX, columns=COLUMNS_MAX)


def cell_problem(code: str, value: str) -> str:
    """Return what is wrong with a cell, to stand after the name of its column."""
    return _(CELLS[code], value=value)
