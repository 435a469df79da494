-- name: teams
SELECT id, name, position, lead_id, rule, sticky, languages, skills, opening_hours, holidays, zone
FROM teams ORDER BY position, name LIMIT 100

-- name: members
SELECT team_id, staff_id FROM team_members ORDER BY team_id, staff_id LIMIT 5000

-- name: candidates
SELECT m.team_id, m.staff_id, coalesce(k.on_hand - k.held, a.chats_max) AS free, a.languages, a.skills, a.given_at
FROM team_members AS m
INNER JOIN agents AS a ON a.staff_id = m.staff_id
INNER JOIN staff AS s ON s.id = m.staff_id AND s.disabled_at IS NULL
LEFT JOIN capacity_accounts AS k ON k.kind = 'agent' AND k.key = m.staff_id::text
WHERE NOT a.away AND a.seen_at > %(since)s
ORDER BY m.team_id, m.staff_id

-- name: to_hand_out
SELECT c.id, c.language, (
    SELECT m.staff_id FROM messages AS m
    WHERE m.conversation_id = c.id AND m.author = 'staff' AND m.staff_id IS NOT NULL
    ORDER BY m.at DESC LIMIT 1
) AS last_agent
FROM conversations AS c
WHERE c.state = 'open' AND c.with_staff AND c.waiting_since IS NOT NULL AND c.assigned_to IS NULL AND NOT c.snoozed
ORDER BY array_position(ARRAY['urgent', 'high', 'normal', 'low'], c.priority), c.waiting_since, c.id
LIMIT %(limit)s

-- name: note_given
UPDATE agents SET given_at = %(now)s WHERE staff_id = ANY(%(ids)s)

-- name: note_seen
INSERT INTO agents (staff_id, chats_max, languages, skills, away, seen_at)
SELECT s.id, 30, '{}', '{}', false, %(now)s FROM staff AS s WHERE s.id = %(staff_id)s
ON CONFLICT (staff_id) DO UPDATE SET seen_at = excluded.seen_at

-- name: set_away
UPDATE agents SET away = %(away)s WHERE staff_id = %(staff_id)s AND away <> %(away)s

-- name: is_away
SELECT away FROM agents WHERE staff_id = %(staff_id)s

-- name: save_team
INSERT INTO teams (
    id, name, position, lead_id, rule, sticky, languages, skills, opening_hours, holidays, zone
)
SELECT
    t.id, t.name, t.position, t.lead_id, t.rule, t.sticky, t.languages, t.skills, t.opening_hours, t.holidays, t.zone
FROM jsonb_to_recordset(%(team)s::jsonb) AS t (
    id uuid, name text, position bigint, lead_id uuid, rule text, sticky boolean, languages text [], skills text [],
    opening_hours text, holidays text, zone text
)
WHERE NOT EXISTS (SELECT FROM teams AS o WHERE o.name = t.name AND o.id <> t.id)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, position = excluded.position, lead_id = excluded.lead_id, rule = excluded.rule,
    sticky = excluded.sticky, languages = excluded.languages, skills = excluded.skills,
    opening_hours = excluded.opening_hours, holidays = excluded.holidays, zone = excluded.zone

-- name: drop_members
DELETE FROM team_members WHERE team_id = %(id)s

-- name: put_members
INSERT INTO team_members (team_id, staff_id)
SELECT %(id)s, s.id FROM staff AS s WHERE s.id = ANY(%(ids)s) AND s.disabled_at IS NULL

-- name: drop_team
DELETE FROM teams WHERE id = %(id)s

-- name: desk_agents
-- Every member of the staff as the page of teams shows them.
SELECT
    s.id, s.name, coalesce(a.chats_max, 30) AS chats_max, coalesce(a.languages, '{}') AS languages,
    coalesce(a.skills, '{}') AS skills, coalesce(k.held, 0) AS held,
    coalesce(NOT a.away AND a.seen_at > %(since)s, false) AS here
FROM staff AS s
LEFT JOIN agents AS a ON a.staff_id = s.id
LEFT JOIN capacity_accounts AS k ON k.kind = 'agent' AND k.key = s.id::text
WHERE s.disabled_at IS NULL ORDER BY s.name, s.id LIMIT 200
