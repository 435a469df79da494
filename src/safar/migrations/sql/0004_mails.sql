ALTER TABLE messages ADD COLUMN letter jsonb;
COMMENT ON COLUMN messages.letter IS 'a mail part by part, of which its page is made; body says the same as text';

-- What staff say instead of the built-in words of a kind of mail; empty: the built-in ones.
CREATE TABLE mail_texts (
    kind text NOT NULL,
    language text NOT NULL,
    subject text NOT NULL DEFAULT '',
    intro text NOT NULL DEFAULT '',
    closing text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (kind, language)
);
