-- What alerts remember, layout 1. Written by smokeprobe; anybody may read it at any time.
-- Columns that end in _ns are nanoseconds since the Unix epoch, other times are seconds.
-- The time of a round is the end of its slot, as RRD files name rows.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES
    ('about', 'What the alerts of smokeprobe remember. Begin with the views raised, waiting, dead_letters, history and deliveries.'),
    ('last_message', '0');

-- The newest rounds of each series, and what its alerts meant when they judged them.
CREATE TABLE series (
    series TEXT NOT NULL PRIMARY KEY, -- target, or target~slave
    last   INTEGER,                   -- the last round that was judged
    down   INTEGER NOT NULL,          -- 1: it lost every ping
    window TEXT NOT NULL,             -- JSON, oldest first
    alerts TEXT NOT NULL              -- JSON: name, meaning, and when somebody was last told
) STRICT;

-- The alerts that are raised.
CREATE TABLE standing (
    series               TEXT NOT NULL,
    alert                TEXT NOT NULL,
    since                INTEGER NOT NULL,
    reason               TEXT NOT NULL,
    told                 INTEGER,
    acknowledged         INTEGER,
    acknowledged_by      TEXT,
    acknowledged_comment TEXT,
    PRIMARY KEY (series, alert)
) STRICT, WITHOUT ROWID;

-- Silences that people set; maintenance windows are in the configuration.
CREATE TABLE silences (
    id      TEXT NOT NULL PRIMARY KEY,
    author  TEXT NOT NULL,
    comment TEXT NOT NULL,
    silence TEXT NOT NULL             -- JSON: what and when
) STRICT;

-- Messages that are not delivered, with dead letters.
CREATE TABLE messages (
    id         INTEGER NOT NULL PRIMARY KEY,
    recipient  TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    due_ns     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    dead       TEXT,                  -- why it was given up
    events     TEXT NOT NULL          -- JSON
) STRICT;

-- How much of its rate limit a recipient has used.
CREATE TABLE paces (
    recipient TEXT NOT NULL PRIMARY KEY,
    until_ns  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The history: what happened.
CREATE TABLE events (
    id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    time   INTEGER NOT NULL,
    series TEXT NOT NULL,
    target TEXT NOT NULL,
    alert  TEXT NOT NULL,
    what   TEXT NOT NULL,             -- raised, active or cleared
    since  INTEGER NOT NULL,
    silent TEXT,                      -- JSON: why nobody was told
    event  TEXT NOT NULL              -- JSON: all of it
) STRICT;

CREATE INDEX events_by_time ON events (time);
CREATE INDEX events_by_target ON events (target, time);
CREATE INDEX events_by_alert ON events (alert, time);

-- The history: each try at telling somebody.
CREATE TABLE attempts (
    id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    time_ns   INTEGER NOT NULL,
    message   INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    number    INTEGER NOT NULL,
    outcome   TEXT NOT NULL,          -- delivered, retried or given_up
    note      TEXT NOT NULL
) STRICT;

CREATE INDEX attempts_by_time ON attempts (time_ns);

-- What an attempt told of.
CREATE TABLE told (
    attempt  INTEGER NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    place    INTEGER NOT NULL,
    told     TEXT NOT NULL,           -- series, alert and what became of it
    target   TEXT,
    alert    TEXT,
    PRIMARY KEY (attempt, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX told_by_target ON told (target, attempt);
CREATE INDEX told_by_alert ON told (alert, attempt);

CREATE VIEW raised AS
    SELECT series, alert, datetime(since, 'unixepoch') AS since_utc, reason,
        datetime(told, 'unixepoch') AS told_utc, acknowledged_by, acknowledged_comment
    FROM standing ORDER BY since;

CREATE VIEW waiting AS
    SELECT id, recipient, datetime(created_ns / 1000000000, 'unixepoch') AS created_utc,
        datetime(due_ns / 1000000000, 'unixepoch') AS due_utc, attempts, json_array_length(events) AS events
    FROM messages WHERE dead IS NULL ORDER BY id;

CREATE VIEW dead_letters AS
    SELECT id, recipient, datetime(created_ns / 1000000000, 'unixepoch') AS created_utc, attempts,
        dead, json_array_length(events) AS events
    FROM messages WHERE dead IS NOT NULL ORDER BY id;

CREATE VIEW history AS
    SELECT id, datetime(time, 'unixepoch') AS time_utc, series, alert, what,
        json_extract(event, '$.facts.reason') AS reason, silent
    FROM events ORDER BY time DESC, id DESC;

CREATE VIEW deliveries AS
    SELECT id, datetime(time_ns / 1000000000, 'unixepoch') AS time_utc, recipient, message, number, outcome, note,
        (SELECT group_concat(told, ', ') FROM told WHERE attempt = attempts.id) AS told
    FROM attempts ORDER BY time_ns DESC, id DESC;
