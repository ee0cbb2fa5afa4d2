-- The tables users see; made anew at every start, so a change here needs no migration.

CREATE OR REPLACE VIEW events AS
SELECT
    make_timestamptz(e.ts) AS ts,
    make_timestamptz(coalesce(e.received, e.ts)) AS received,
    e.id::UUID AS id,
    k.channel,
    k.source,
    coalesce(e.payload, e.more ->> 'raw') AS payload
FROM entries e JOIN kinds k ON k.id = e.kind;

-- What is kept is counted from its arrival: a payload's own time may be years off. The first half
-- says nothing new (nothing arrives before it happened), but lets DuckDB skip blocks of rows.
CREATE OR REPLACE MACRO older(ts, received, than) AS ts < than AND coalesce(received, ts) < than;

CREATE OR REPLACE MACRO cell(place, v1, v2, v3, v4, v5, v6, v7, v8) AS
CASE place
    WHEN 1 THEN v1 WHEN 2 THEN v2 WHEN 3 THEN v3 WHEN 4 THEN v4
    WHEN 5 THEN v5 WHEN 6 THEN v6 WHEN 7 THEN v7 WHEN 8 THEN v8
END;

CREATE OR REPLACE VIEW reading_rows AS
SELECT
    e.seq,
    e.ts,
    coalesce(e.received, e.ts) AS received,
    i.device,
    i.device_key,
    i.property,
    i.instance,
    i.type,
    CASE
        WHEN i.type IN ('n', 'b') THEN cell(i.place, e.v1, e.v2, e.v3, e.v4, e.v5, e.v6, e.v7, e.v8)
        WHEN i.type = 'x' THEN TRY_CAST(e.more -> 'texts' ->> i.place AS DOUBLE)
    END AS value,
    CASE WHEN i.type IN ('t', 'j') THEN e.more -> 'texts' ->> i.place END AS text,
    i.unit
FROM entries e JOIN items i ON i.kind = abs(e.kind);

CREATE OR REPLACE VIEW readings AS
SELECT
    make_timestamptz(ts) AS ts, make_timestamptz(received) AS received,
    device, device_key, property, instance, value, text, unit
FROM reading_rows;

CREATE OR REPLACE VIEW run_rows AS
SELECT
    CASE WHEN f.salt IS NULL THEN e.id ELSE xor(e.id, f.salt) END AS id,
    e.seq,
    CASE WHEN f.salt IS NULL THEN (e.detail ->> 8)::UUID::UHUGEINT ELSE e.id END AS event,
    f.pipeline, f.version, f.trigger, f.state, e.started, e.finished, e.detail
FROM entries e JOIN forms f ON f.id = e.form
UNION ALL
SELECT id, seq, event, pipeline, version, trigger, state, started, finished, detail
FROM open_runs;

CREATE OR REPLACE VIEW runs AS
SELECT
    id::UUID AS id,
    pipeline,
    version,
    trigger,
    state,
    make_timestamptz(started) AS started,
    make_timestamptz(finished) AS finished,
    CASE WHEN state <> 'completed' THEN nullif(detail ->> 3, '') END AS error
FROM run_rows;

CREATE OR REPLACE VIEW steps AS
SELECT
    id::UUID AS run,
    step ->> 0 AS path,
    step ->> 1 AS kind,
    step ->> 2 AS state,
    make_timestamptz(((step ->> 3)::DOUBLE * 1e6)::BIGINT) AS started,
    make_timestamptz(((step ->> 4)::DOUBLE * 1e6)::BIGINT) AS finished,
    nullif(step ->> 5, '') AS error
FROM (SELECT id, unnest(json_extract(detail, '$[1][*]')) AS step FROM run_rows);

CREATE OR REPLACE VIEW effects AS
SELECT
    id::UUID AS run,
    effect ->> 0 AS step,
    effect ->> 1 AS kind,
    effect ->> 2 AS target,
    effect ->> 3 AS payload,
    make_timestamptz(((effect ->> 4)::DOUBLE * 1e6)::BIGINT) AS ts
FROM (SELECT id, unnest(json_extract(detail, '$[2][*]')) AS effect FROM run_rows);

CREATE OR REPLACE VIEW devices AS
SELECT
    key, name, firmware, area, labels::JSON AS labels, available,
    make_timestamptz(last_seen) AS last_seen
FROM registry;
