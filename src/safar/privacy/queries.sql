-- name: person
-- Everybody who is the same person: profiles that were merged, however often, from the last one down.
WITH RECURSIVE up AS (
    SELECT id, merged_into FROM customers WHERE id = %(id)s
    UNION
    SELECT c.id, c.merged_into FROM customers AS c INNER JOIN up ON c.id = up.merged_into
), down AS (
    SELECT id FROM up
    UNION
    SELECT c.id FROM customers AS c INNER JOIN down ON c.merged_into = down.id
)
SELECT id FROM down ORDER BY id

-- name: by_address
SELECT customer_id FROM customer_identities WHERE kind <> 'visitor' AND value = %(address)s LIMIT 1

-- name: addresses
-- Proven ones only: whoever typed another's address must not take away what is the other's.
SELECT value FROM customer_identities WHERE customer_id = ANY(%(ids)s) AND kind <> 'visitor'

-- name: lock_person
SELECT id FROM customers WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE

-- name: under_way
SELECT count(*) FROM orders
WHERE customer_id = ANY(%(ids)s) AND state IN ('placed', 'confirmed', 'packed', 'shipped')

-- name: erase_customers
UPDATE customers SET name = NULL, country = NULL, search = '' WHERE id = ANY(%(ids)s)

-- name: erase_identities
DELETE FROM customer_identities WHERE customer_id = ANY(%(ids)s)

-- name: erase_claims
DELETE FROM customer_claims WHERE customer_id = ANY(%(ids)s) OR value = ANY(%(addresses)s)

-- name: erase_readers
DELETE FROM order_readers WHERE order_id IN (SELECT id FROM orders WHERE customer_id = ANY(%(ids)s))

-- name: erase_gone_addresses
DELETE FROM channel_gone_addresses
WHERE address IN (SELECT value FROM customer_identities WHERE customer_id = ANY(%(ids)s) AND kind = 'email')

-- name: erase_consents
DELETE FROM customer_consents WHERE customer_id = ANY(%(ids)s)

-- name: erase_consent_records
DELETE FROM consent_records WHERE customer_id = ANY(%(ids)s)

-- name: erase_newsletter_requests
DELETE FROM newsletter_requests WHERE customer_id = ANY(%(ids)s) OR email = ANY(%(addresses)s)

-- name: erase_message_parts
DELETE FROM message_parts WHERE message_id IN (SELECT id FROM messages WHERE customer_id = ANY(%(ids)s))

-- name: erase_message_notices
DELETE FROM message_notices WHERE message_id IN (SELECT id FROM messages WHERE customer_id = ANY(%(ids)s))

-- name: erase_messages
UPDATE messages
SET
    folded = '', answers = NULL, pressed = NULL, template = NULL, reactions = '{}', address = '', subject = NULL, body = '', letter = NULL, external_id = NULL, in_reply_to = NULL,
    unsubscribe_url = NULL, reason = CASE WHEN state IN ('queued', 'sending') THEN 'erased' END,
    ended_at = coalesce(ended_at, %(now)s),
    state = CASE WHEN state IN ('queued', 'sending') THEN 'skipped' ELSE state END
WHERE customer_id = ANY(%(ids)s)

-- name: erase_inbox_notes
DELETE FROM conversation_notes
WHERE conversation_id IN (SELECT id FROM conversations WHERE customer_id = ANY(%(ids)s))

-- name: erase_drafts
DELETE FROM conversation_drafts
WHERE conversation_id IN (SELECT id FROM conversations WHERE customer_id = ANY(%(ids)s))

-- name: erase_conversations
UPDATE conversations
SET
    last_text = '', last_address = '', state = 'closed', with_staff = false, waiting_since = NULL,
    closed_at = coalesce(closed_at, %(now)s)
WHERE customer_id = ANY(%(ids)s)

-- name: erase_contact
-- What no invoice needs goes from every order; name and address stay where an invoice may be asked for.
UPDATE orders SET email = '', phone = '', note = '' WHERE customer_id = ANY(%(ids)s)

-- name: erase_notes
-- What staff noted, and addresses as they were before a change.
DELETE FROM order_notes WHERE order_id IN (SELECT id FROM orders WHERE customer_id = ANY(%(ids)s))

-- name: erase_orders
-- Orders that were never confirmed, and those whose books need not be kept any more.
UPDATE orders SET name = '', address = '', postcode = '', city = '', region = '', billing = '{}'
WHERE customer_id = ANY(%(ids)s) AND (confirmed_at IS NULL OR confirmed_at < %(books_until)s)

-- name: erase_documents
-- An invoice is kept word for word for as long as the books are; its number is never given again.
DELETE FROM documents WHERE order_id IN (
    SELECT id FROM orders
    WHERE customer_id = ANY(%(ids)s) AND (confirmed_at IS NULL OR confirmed_at < %(books_until)s)
)

-- name: erase_returns
UPDATE returns SET note = '', answer = ''
WHERE order_id IN (SELECT id FROM orders WHERE customer_id = ANY(%(ids)s))

-- name: erase_cart_lines
DELETE FROM cart_lines WHERE cart_id IN (SELECT id FROM carts WHERE customer_id = ANY(%(ids)s))

-- name: erase_carts
DELETE FROM carts WHERE customer_id = ANY(%(ids)s)

-- name: erase_wishlist_items
DELETE FROM wishlist_items WHERE wishlist_id IN (SELECT id FROM wishlists WHERE customer_id = ANY(%(ids)s))

-- name: erase_wishlists
DELETE FROM wishlists WHERE customer_id = ANY(%(ids)s)

-- name: erase_requests
DELETE FROM back_in_stock_requests WHERE customer_id = ANY(%(ids)s) OR lower(email) = ANY(%(addresses)s)

-- name: erase_envelopes
-- Mails as they came, from or about the person: any that names one of the addresses.
DELETE FROM channel_envelopes AS e
USING unnest(%(addresses)s::text []) AS a (address)
WHERE position(convert_to(a.address, 'UTF8') IN e.body) > 0

-- name: erase_events
-- The journal keeps what happened and to which number, not to whom.
UPDATE journal_events SET properties = properties - %(personal)s::text []
WHERE customer_id = ANY(%(ids)s) AND properties ?| %(personal)s::text []

-- name: kept_customers
SELECT * FROM customers WHERE id = ANY(%(ids)s) ORDER BY id

-- name: kept_identities
SELECT kind, value, created_at FROM customer_identities WHERE customer_id = ANY(%(ids)s) ORDER BY created_at

-- name: kept_claims
SELECT kind, value, source, claimed_at FROM customer_claims WHERE customer_id = ANY(%(ids)s) ORDER BY claimed_at

-- name: kept_consents
SELECT channel, given, source, changed_at FROM customer_consents WHERE customer_id = ANY(%(ids)s) ORDER BY channel

-- name: kept_consent_records
SELECT channel, given, source, proof, at FROM consent_records WHERE customer_id = ANY(%(ids)s) ORDER BY at

-- name: kept_newsletter_requests
SELECT email, language, source, wording, state, asked_at, ended_at FROM newsletter_requests
WHERE customer_id = ANY(%(ids)s) ORDER BY asked_at

-- name: kept_orders
SELECT * FROM orders WHERE customer_id = ANY(%(ids)s) ORDER BY number

-- name: kept_order_lines
SELECT l.* FROM order_lines AS l
INNER JOIN orders AS o ON o.id = l.order_id
WHERE o.customer_id = ANY(%(ids)s)
ORDER BY o.number

-- name: kept_payments
SELECT p.order_id, p.provider, p.method, p.state, p.amount_minor, p.currency, p.reference, p.changed_at
FROM payments AS p
INNER JOIN orders AS o ON o.id = p.order_id
WHERE o.customer_id = ANY(%(ids)s)
ORDER BY o.number

-- name: kept_documents
SELECT d.kind, d.series, d.number, d.content, d.issued_at FROM documents AS d
INNER JOIN orders AS o ON o.id = d.order_id
WHERE o.customer_id = ANY(%(ids)s)
ORDER BY d.issued_at

-- name: kept_returns
SELECT r.* FROM returns AS r
INNER JOIN orders AS o ON o.id = r.order_id
WHERE o.customer_id = ANY(%(ids)s)
ORDER BY r.number

-- name: kept_notes
SELECT o.number, n.kind, n.text, n.written_at FROM order_notes AS n
INNER JOIN orders AS o ON o.id = n.order_id
WHERE o.customer_id = ANY(%(ids)s)
ORDER BY n.written_at

-- name: kept_inbox_notes
SELECT n.text, n.at FROM conversation_notes AS n
INNER JOIN conversations AS c ON c.id = n.conversation_id
WHERE c.customer_id = ANY(%(ids)s)
ORDER BY n.at

-- name: kept_messages
SELECT direction, author, address, subject, body, language, state, at FROM messages
WHERE customer_id = ANY(%(ids)s) ORDER BY at

-- name: kept_message_parts
SELECT p.message_id, p.kind, p.mime, p.name, p.bytes, p.data, p.state FROM message_parts AS p
INNER JOIN messages AS m ON m.id = p.message_id
WHERE m.customer_id = ANY(%(ids)s) ORDER BY p.message_id, p.position

-- name: kept_carts
SELECT c.id, c.created_at, c.changed_at, l.variant_id, l.quantity, l.added_at FROM carts AS c
LEFT JOIN cart_lines AS l ON l.cart_id = c.id
WHERE c.customer_id = ANY(%(ids)s) ORDER BY c.changed_at

-- name: kept_wishes
SELECT w.id, i.variant_id, i.added_at FROM wishlists AS w
INNER JOIN wishlist_items AS i ON i.wishlist_id = w.id
WHERE w.customer_id = ANY(%(ids)s) ORDER BY i.added_at

-- name: kept_requests
SELECT * FROM back_in_stock_requests WHERE customer_id = ANY(%(ids)s) ORDER BY asked_at

-- name: kept_sends
SELECT campaign_id, state, reason, planned_at, ended_at, clicked_at, ordered_at FROM sends
WHERE customer_id = ANY(%(ids)s) ORDER BY planned_at

-- name: kept_events
SELECT id, at, name, properties FROM journal_events WHERE customer_id = ANY(%(ids)s) ORDER BY id
