"""Every table of the schema, and how long its rows are kept. A test fails for one that is not here.

The conditions are looked at block by block (see keeping.py), so they need no index. The walk goes in this
order: what others refer to comes after them.
"""

from collections.abc import Mapping

from safar.privacy.model import ForDays, ForEver, Kept, KeptBy

_BOOKS = ForEver("the shop's books: orders, money and goods are kept as the tax law wants")
_GOODS = ForEver("what the shop sells and how: as many rows as there are goods, places and rules")
_ORDER = KeptBy("goes with its order, which is kept")
_FIGURES = KeptBy("one row a variant or place, written over")
_SYSTEM = ForEver("a handful of rows of the system itself")

# Somebody who came, gave no address and left nothing behind: made by every crawler without cookies.
_NOBODY = """created_at < %(before)s AND merged_into IS NULL
    AND NOT EXISTS (SELECT FROM customers AS m WHERE m.merged_into = customers.id)
    AND NOT EXISTS (
        SELECT FROM customer_identities AS i WHERE i.customer_id = customers.id AND i.kind <> 'visitor'
    )
    AND NOT EXISTS (SELECT FROM customer_claims AS c WHERE c.customer_id = customers.id)
    AND NOT EXISTS (SELECT FROM orders AS o WHERE o.customer_id = customers.id)
    AND NOT EXISTS (SELECT FROM messages AS m WHERE m.customer_id = customers.id)
    AND NOT EXISTS (SELECT FROM conversations AS c WHERE c.customer_id = customers.id)
    AND NOT EXISTS (SELECT FROM customer_consents AS c WHERE c.customer_id = customers.id)
    AND NOT EXISTS (SELECT FROM sends AS s WHERE s.customer_id = customers.id)
    AND NOT EXISTS (SELECT FROM carts AS k WHERE k.customer_id = customers.id)
    AND NOT EXISTS (SELECT FROM wishlists AS w WHERE w.customer_id = customers.id)"""
_OF_NOBODY = """kind = 'visitor' AND EXISTS (
    SELECT FROM customers WHERE customers.id = customer_identities.customer_id AND """

TABLES: Mapping[str, Kept] = {
    "alembic_version": _SYSTEM,
    "schema_files": _SYSTEM,
    # Jobs that are done are deleted at once; what was given up is shown to staff for as long.
    "procrastinate_jobs": ForDays(
        lambda _s: 30,
        "status IN ('failed', 'cancelled', 'aborted') AND NOT EXISTS ("
        "SELECT FROM procrastinate_events AS e"
        " WHERE e.job_id = procrastinate_jobs.id AND e.at >= %(before)s)"
        " AND NOT EXISTS ("
        "SELECT FROM procrastinate_periodic_defers AS d WHERE d.job_id = procrastinate_jobs.id)",
    ),
    "procrastinate_events": KeptBy("goes with its job"),
    "procrastinate_periodic_defers": ForEver("one row a periodic job, of which there are none"),
    "procrastinate_workers": KeptBy("the worker deletes those that are silent"),
    "journal_events": KeptBy("months are dropped whole after journal_months (journal.partitions)"),
    "journal_line": _SYSTEM,
    "journal_subscribers": _SYSTEM,
    "journal_failures": ForEver("until staff have it taken again or dismiss it"),
    "process_beats": ForDays(lambda _s: 1, "beat_at < %(before)s"),
    "setbacks": KeptBy("ends when the item is done; forgotten six hours after it was due again"),
    "rare_changes": KeptBy("each change takes the earlier ones in (note_rare_change)"),
    "request_keys": KeptBy("kernel.once.forget_old_keys, after 48 hours"),
    "capacity_accounts": ForEver("one row a thing that can run out"),
    "capacity_holds": ForDays(
        lambda s: s.hold_days_kept,
        "state <> 'live' AND (ended_at < %(before)s OR"
        " (purpose = 'visit' AND ended_at < %(now)s::timestamptz - interval '7 days'))"
        " AND NOT EXISTS (SELECT FROM orders AS o WHERE o.hold_id = capacity_holds.id"
        " AND o.state IN ('placed', 'confirmed', 'packed', 'shipped'))",
    ),
    "staff": ForEver("who did what: the audit log names them"),
    "staff_sessions": KeptBy("team.sweep, when they are over"),
    "staff_sign_in_failures": KeptBy("team.sweep, after 15 minutes"),
    "customer_consents": ForEver("the proof of who allowed what; goes when the person is erased"),
    "consent_records": ForEver("the proof of who allowed what; goes when the person is erased"),
    "newsletter_requests": KeptBy("storefront.newsletter, a week after it was asked or answered"),
    "channels": _SYSTEM,
    "channel_hours": ForDays(lambda _s: 400, "hour < %(before)s"),
    "channel_news": ForDays(lambda _s: 365, "at < %(before)s"),
    "channel_gone_addresses": ForDays(lambda _s: 365, "at < %(before)s"),
    "channel_envelopes": ForDays(
        lambda s: s.envelope_days,
        "received_at < %(before)s AND (error IS NULL OR"
        " received_at < %(before)s::timestamptz - 2 * (%(now)s::timestamptz - %(before)s::timestamptz))",
    ),
    "message_files": KeptBy("goes with its part, and that with its message"),
    "message_parts": KeptBy("goes with its message"),
    "message_attempts": KeptBy("goes with its message"),
    "message_notices": ForDays(lambda _s: 30, "received_at < %(before)s"),
    "messages": ForDays(
        lambda s: s.message_days,
        "at < %(before)s AND state IN ('received', 'sent', 'skipped', 'failed', 'unknown')"
        " AND NOT EXISTS ("
        "SELECT FROM conversations AS c WHERE c.id = messages.conversation_id AND c.state = 'open')",
    ),
    "conversations": ForDays(
        lambda s: s.message_days,
        "state = 'closed' AND last_message_at < %(before)s AND NOT EXISTS ("
        "SELECT FROM messages AS m WHERE m.conversation_id = conversations.id)",
    ),
    "conversation_labels": KeptBy("goes with its conversation"),
    "labels": ForEver("one row a label of the shop"),
    "teams": ForEver("one row a team"),
    "team_members": KeptBy("goes with its team"),
    "agents": ForEver("one row a member of the staff"),
    "note_mentions": KeptBy("goes with its note"),
    "conversation_notes": KeptBy("goes with its conversation"),
    "conversation_drafts": ForDays(lambda _s: 30, "kept_at < %(before)s"),
    "saved_reply_words": KeptBy("goes with its saved reply"),
    "saved_replies": ForEver("as few as staff have written"),
    "cart_lines": ForDays(
        lambda s: s.browsing_days,
        "EXISTS (SELECT FROM carts AS c WHERE c.id = cart_lines.cart_id AND c.changed_at < %(before)s)",
    ),
    "carts": ForDays(
        lambda s: s.browsing_days,
        "changed_at < %(before)s AND NOT EXISTS (SELECT FROM cart_lines AS l WHERE l.cart_id = carts.id)",
    ),
    "wishlist_items": ForDays(
        lambda _s: 365,
        "EXISTS (SELECT FROM wishlists AS w"
        " WHERE w.id = wishlist_items.wishlist_id AND w.changed_at < %(before)s)",
    ),
    "wishlists": ForDays(
        lambda _s: 365,
        "changed_at < %(before)s AND NOT EXISTS ("
        "SELECT FROM wishlist_items AS i WHERE i.wishlist_id = wishlists.id)",
    ),
    "customer_claims": ForDays(lambda _s: 365, "claimed_at < %(before)s"),
    "order_readers": ForDays(lambda _s: 365, "opened_at < %(before)s"),
    "customer_identities": ForDays(lambda s: s.browsing_days, _OF_NOBODY + _NOBODY + ")"),
    "customers": ForDays(lambda s: s.browsing_days, _NOBODY),
    "back_in_stock_requests": KeptBy("storefront.forget, when they are over"),
    "product_popularity": _FIGURES, "product_pairs": _FIGURES,
    "shop_words": _GOODS, "search_synonyms": _GOODS, "shop_pages": _GOODS,
    "shop_marks": ForEver("a few small pictures; mails that were sent show the old ones"),
    "shop_settings": ForEver("one row a fact about the shop"),
    "mail_texts": ForEver("one row a kind of mail and language whose words staff have changed"),
    "orders": _BOOKS, "order_lines": _ORDER, "order_goods": _ORDER,
    "order_notes": _ORDER, "order_tags": _ORDER, "order_views": _GOODS,
    "given_up": _ORDER, "given_up_lines": _ORDER,
    "documents": _BOOKS, "document_series": _SYSTEM, "order_credits": _BOOKS,
    "payments": _ORDER, "payment_receipts": _BOOKS, "refunds": _BOOKS,
    "first_mails": ForDays(lambda _s: 2, "left_at < %(before)s"),
    "payment_ways": _SYSTEM,
    "payment_notices": ForDays(lambda _s: 90, "heard_at < %(before)s"),
    "test_card_charges": ForDays(lambda _s: 90, "charged_at < %(before)s AND NOT EXISTS ("
        "SELECT FROM test_card_refunds AS r WHERE r.charge = test_card_charges.key)"),
    "test_card_refunds": ForEver("play money, only where the test card is on"),
    "carriers": _SYSTEM, "shipments": _BOOKS, "shipment_goods": _BOOKS,
    "returns": _BOOKS, "return_lines": _BOOKS, "return_goods": _BOOKS,
    "products": _GOODS, "product_words": _GOODS, "product_images": _GOODS, "variants": _GOODS,
    "variant_prices": _GOODS, "categories": _GOODS, "kit_parts": _GOODS, "catalogue_rates": _GOODS,
    "pictures": _GOODS, "picture_files": _GOODS,
    "sheet_uploads": KeptBy("the next upload forgets those of before"),
    "sheet_rows": KeptBy("goes with its upload"),
    "tax_countries": _GOODS, "shipping_zones": _GOODS, "shipping_methods": _GOODS, "discount_codes": _GOODS,
    "campaigns": ForEver("as few as the shop has sent"),
    "sends": ForEver("that nobody is sent the same campaign twice; goes when the person is erased"),
    "promises": ForEver("what was promised and kept, the figures of the journey"),
    "gate_sites": _SYSTEM,
    "gate_calls": KeptBy("gate.step, when their claim window closes"),
    "gate_visits": KeptBy("gate.forget, after two days"),
    "gate_loads": KeptBy("gate.forget"),
    "gate_leavers": KeptBy("gate.leavers, after 45 seconds"),
    "gate_lots": ForDays(lambda _s: 30, "joined_at < %(before)s"),
    "stock_locations": _GOODS, "stock_levels": _FIGURES, "stock_moves": _BOOKS, "stock_outgoing": _FIGURES,
    "stock_policies": _GOODS, "stock_lots": _BOOKS, "stock_lot_levels": _FIGURES, "stock_lot_entries": _BOOKS,
    "suppliers": _GOODS, "supplier_items": _GOODS,
    "purchase_orders": _BOOKS, "purchase_order_lines": _BOOKS,
    "purchase_receipts": _BOOKS, "purchase_receipt_lines": _BOOKS,
    "stock_transfers": _BOOKS, "stock_transfer_arrivals": _BOOKS, "stock_transfer_lines": _BOOKS,
    "stock_counts": _BOOKS, "stock_count_lines": _BOOKS, "stock_count_entries": _BOOKS,
    "stock_bins": _GOODS, "stock_receivings": _BOOKS, "stock_receiving_lines": _BOOKS,
    "stock_receiving_scans": _BOOKS,
    "stock_demand": ForEver("one row a variant and day: what forecasts learn from"),
    "stock_forecasts": _FIGURES, "stock_reorder_rules": _GOODS, "stock_suggestions": _FIGURES,
    "stock_watchers": _GOODS, "stock_replenish_state": _SYSTEM,
    "stock_replenish_runs": ForDays(lambda _s: 90, "asked_at < %(before)s AND ended_at IS NOT NULL"),
}  # fmt: skip
