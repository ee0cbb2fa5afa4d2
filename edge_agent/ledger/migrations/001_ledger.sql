-- Times are microseconds since 1970 (UTC); ids are 128-bit integers, shown as UUIDs by the views.

-- One row an event, with the readings it made and the run it started if that ended in the same
-- commit; a run that ends later has a row of its own (kind 0). kind is negative once the event
-- itself has expired and only its readings or its run are kept.
-- `id` is the event's; a run's is `xor(id, forms.salt)`, so that it costs no second 16 bytes
-- (a random 128-bit number does not compress).
CREATE TABLE entries (
    seq BIGINT,
    ts BIGINT,
    received BIGINT,
    kind INTEGER,
    id UHUGEINT,
    payload VARCHAR USING COMPRESSION zstd,
    v1 DOUBLE, v2 DOUBLE, v3 DOUBLE, v4 DOUBLE, v5 DOUBLE, v6 DOUBLE, v7 DOUBLE, v8 DOUBLE,
    more VARCHAR,
    form INTEGER,
    started BIGINT,
    finished BIGINT,
    detail VARCHAR USING COMPRESSION zstd
);

-- What messages of one source have in common: said once, not in every row.
CREATE TABLE kinds (
    id INTEGER, channel VARCHAR, source VARCHAR, retain BOOLEAN, qos UTINYINT
);

-- The readings in a message of a kind: those of `type` n(umber) and b(oolean) lie in the column
-- v<place>; t(ext), j(son) and x (a number or boolean without a column) in more.texts[place].
CREATE TABLE items (
    kind INTEGER, place INTEGER, type VARCHAR,
    device_key VARCHAR, device VARCHAR, property VARCHAR, instance VARCHAR, unit VARCHAR
);

-- What runs have in common; without a salt the entry's id is the run's own.
CREATE TABLE forms (
    id INTEGER, pipeline VARCHAR, version VARCHAR, trigger VARCHAR, state VARCHAR, salt UHUGEINT
);

-- Runs that have not ended; a run's last record goes to `entries`.
CREATE TABLE open_runs (
    id UHUGEINT PRIMARY KEY, seq BIGINT, event UHUGEINT, pipeline VARCHAR, version VARCHAR,
    trigger VARCHAR, state VARCHAR, started BIGINT, finished BIGINT, detail VARCHAR
);

CREATE TABLE slots (
    owner VARCHAR, key VARCHAR, value VARCHAR, due DOUBLE, PRIMARY KEY (owner, key)
);

CREATE TABLE memory (key VARCHAR PRIMARY KEY, value VARCHAR, ts BIGINT);

-- `state` is the registry's own, as JSON.
CREATE TABLE registry (
    key VARCHAR PRIMARY KEY, name VARCHAR, firmware VARCHAR, area VARCHAR, labels VARCHAR,
    available BOOLEAN, last_seen BIGINT, state VARCHAR
);

-- Numbers by name: `proven` (see the MQTT inbox), `acknowledged` (events of QoS 1 and 2 that
-- retention has removed, so that their count does not fall).
CREATE TABLE facts (name VARCHAR PRIMARY KEY, value BIGINT);

CREATE TABLE cursors (follower VARCHAR PRIMARY KEY, seq BIGINT, hold BOOLEAN);

-- Times in which rows had to be given up.
CREATE TABLE gaps (started BIGINT, ended BIGINT, reason VARCHAR, lost VARCHAR);
