-- owns: newsletter_requests

-- name: mailbox
-- What is known of an address: whether it is this customer's own, whether it is subscribed, how often it was asked.
SELECT
    EXISTS (
        SELECT FROM customer_identities AS i
        WHERE i.kind = 'email' AND i.value = %(email)s AND i.customer_id = %(customer_id)s
    ) AS own,
    EXISTS (
        SELECT FROM customer_identities AS i
        INNER JOIN customer_consents AS c ON c.customer_id = i.customer_id AND c.channel = 'email' AND c.given
        WHERE i.kind = 'email' AND i.value = %(email)s
    ) AS subscribed,
    (
        SELECT count(*) FROM newsletter_requests AS r WHERE r.email = %(email)s AND r.asked_at > %(since)s
    ) AS asked

-- name: write
INSERT INTO newsletter_requests (id, customer_id, email, language, source, wording, state, asked_at)
VALUES (%(id)s, %(customer_id)s, %(email)s, %(language)s, %(source)s, %(wording)s, 'asked', %(now)s)
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: request
SELECT id, customer_id, email, language, source, wording, state, asked_at
FROM newsletter_requests WHERE id = %(id)s

-- name: end
UPDATE newsletter_requests SET state = %(state)s, ended_at = %(now)s
WHERE id = %(id)s AND state = 'asked'
RETURNING id

-- name: forget
DELETE FROM newsletter_requests WHERE coalesce(ended_at, asked_at) < %(before)s
