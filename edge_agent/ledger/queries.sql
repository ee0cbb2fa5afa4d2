-- Ids leave as 16 bytes: DuckDB needs 45 µs to hand out a UHUGEINT as a Python number, 0.5 as this.

-- name: format
SELECT max(version) FROM format

-- name: last_seq
-- Cursors count too: what they stand at may have been removed, and must not be given out again.
SELECT greatest(
    (SELECT max(seq) FROM entries), (SELECT max(seq) FROM open_runs), (SELECT max(seq) FROM cursors)
)

-- name: last_entry
SELECT max(seq) FROM entries

-- name: last_kind
SELECT max(id) FROM kinds

-- name: last_item
SELECT max(kind) FROM items

-- name: last_form
SELECT max(id) FROM forms

-- name: forms
SELECT id, pipeline, version, trigger, state, salt::UUID::BLOB FROM forms

-- name: open_ids
SELECT id::UUID::BLOB FROM open_runs

-- name: slots
SELECT owner, key, value, due FROM slots

-- name: memory
SELECT key, value, ts FROM memory

-- name: devices
SELECT key, name, firmware, area, labels, available, last_seen, state FROM registry ORDER BY key

-- name: versions
SELECT pipeline, number, version, accepted, note, file, place, files
FROM versions WHERE pipeline = $pipeline ORDER BY number DESC

-- name: last_versions
SELECT pipeline, number, version, accepted, note, file, place, files
FROM versions
QUALIFY row_number() OVER (PARTITION BY pipeline ORDER BY number DESC) = 1

-- name: version
SELECT pipeline, number, version, accepted, note, file, place, files
FROM versions WHERE pipeline = $pipeline AND version = $version ORDER BY number DESC LIMIT 1

-- name: version_texts
SELECT hash, text FROM version_texts WHERE hash IN (SELECT unnest($hashes::VARCHAR[]))

-- name: text_hashes
SELECT hash FROM version_texts

-- name: version_runs
SELECT version, count(*), max(started) FROM run_rows WHERE pipeline = $pipeline GROUP BY version

-- name: unused_texts
SELECT count(*) FROM version_texts
WHERE hash NOT IN (SELECT unnest(json_extract_string(files, '$.*')) FROM versions)

-- name: prune_texts
DELETE FROM version_texts
WHERE hash NOT IN (SELECT unnest(json_extract_string(files, '$.*')) FROM versions)

-- name: latest
-- Without `more`, which may be large: it is asked for afterwards, for the rows that won.
WITH last AS (SELECT max(seq) AS seq FROM entries WHERE kind <> 0 GROUP BY kind)
SELECT
    e.seq, i.place, i.device_key, i.device, i.property, i.instance, i.type,
    cell(i.place, e.v1, e.v2, e.v3, e.v4, e.v5, e.v6, e.v7, e.v8), i.unit, e.ts
FROM entries e SEMI JOIN last ON last.seq = e.seq JOIN items i ON i.kind = abs(e.kind)
QUALIFY row_number() OVER (
    PARTITION BY i.device_key, i.property, i.instance ORDER BY e.seq DESC
) = 1

-- name: texts
SELECT seq, more FROM entries WHERE seq IN (SELECT unnest($seqs)) AND more IS NOT NULL

-- name: last_commit
SELECT max(coalesce(received, ts)) FROM (
    SELECT received, ts FROM entries WHERE seq > (SELECT max(seq) FROM entries) - 100
)

-- name: committed
SELECT
    (SELECT count(*) FROM entries SEMI JOIN kinds ON kinds.id = abs(kind) AND qos > 0)
    + coalesce((SELECT value FROM facts WHERE name = 'acknowledged'), 0)

-- name: nth_last
SELECT seq FROM entries SEMI JOIN kinds ON kinds.id = abs(kind) AND qos > 0
WHERE entries.id IS NOT NULL
ORDER BY seq DESC LIMIT 1 OFFSET $number - 1

-- name: ids_since
SELECT entries.id::UUID::BLOB FROM entries SEMI JOIN kinds ON kinds.id = abs(kind) AND qos > 0
WHERE entries.id IS NOT NULL AND seq >= $first
ORDER BY seq

-- name: fact
SELECT value FROM facts WHERE name = $name

-- name: cursor
SELECT seq, hold FROM cursors WHERE follower = $follower

-- name: behind
SELECT
    (SELECT count(*) FROM entries WHERE seq > $after)
    + (SELECT count(*) FROM open_runs WHERE seq > $after)

-- name: next_seq
SELECT least(
    (SELECT min(seq) FROM entries WHERE seq > $after),
    (SELECT min(seq) FROM open_runs WHERE seq > $after)
)

-- name: entries_between
SELECT
    e.seq, e.ts, e.received, e.id::UUID::BLOB, e.payload, k.channel, k.source, k.retain, k.qos,
    (CASE WHEN f.salt IS NULL THEN e.id ELSE xor(e.id, f.salt) END)::UUID::BLOB,
    (CASE WHEN f.salt IS NOT NULL THEN e.id END)::UUID::BLOB,
    f.pipeline, f.version, f.state, e.started, e.finished, e.detail
FROM entries e LEFT JOIN kinds k ON k.id = e.kind LEFT JOIN forms f ON f.id = e.form
WHERE e.seq > $after AND e.seq <= $upto
UNION ALL
SELECT
    seq, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    id::UUID::BLOB, event::UUID::BLOB, pipeline, version, state, started, finished, detail
FROM open_runs
WHERE seq > $after AND seq <= $upto
ORDER BY 1

-- name: readings_between
SELECT seq, device_key, device, property, instance, type, value, text, unit, ts
FROM reading_rows WHERE seq > $after AND seq <= $upto ORDER BY seq

-- name: heads_between
SELECT seq, id::UUID::BLOB, pipeline, state, started, finished, detail -> 0
FROM run_rows
WHERE seq > $after AND seq <= $upto
ORDER BY seq

-- name: runs_between
SELECT
    seq, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    id::UUID::BLOB, event::UUID::BLOB, pipeline, version, state, started, finished, detail
FROM run_rows
WHERE seq > $after AND seq <= $upto AND list_contains($seqs, seq)
ORDER BY seq

-- name: last_between
SELECT greatest(
    (SELECT max(seq) FROM entries WHERE seq > $after AND seq <= $upto),
    (SELECT max(seq) FROM open_runs WHERE seq > $after AND seq <= $upto)
)

-- name: run_seqs
SELECT e.seq, e.started
FROM entries e JOIN forms f ON f.id = e.form
WHERE
    ($pipeline IS NULL OR f.pipeline = $pipeline)
    AND ($state IS NULL OR f.state = $state)
    AND ($since IS NULL OR e.started >= $since)
    AND ($before IS NULL OR e.started < $before)
UNION ALL
SELECT seq, started
FROM open_runs
WHERE
    ($pipeline IS NULL OR pipeline = $pipeline)
    AND ($state IS NULL OR state = $state)
    AND ($since IS NULL OR started >= $since)
    AND ($before IS NULL OR started < $before)
ORDER BY started DESC, seq DESC LIMIT $limit

-- name: run_seq
SELECT max(seq) FROM (
    SELECT e.seq FROM entries e JOIN forms f ON f.id = e.form
    WHERE CASE WHEN f.salt IS NULL THEN e.id ELSE xor(e.id, f.salt) END = $id::UHUGEINT
    UNION ALL
    SELECT seq FROM open_runs WHERE id = $id::UHUGEINT
)

-- name: runs
-- Only what was chosen by narrow columns before: `detail` is large.
SELECT
    seq, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    id::UUID::BLOB, event::UUID::BLOB, pipeline, version, state, started, finished, detail
FROM run_rows
WHERE seq BETWEEN $first AND $last AND seq IN (SELECT unnest($seqs::BIGINT[]))
ORDER BY started DESC, seq DESC

-- name: event
-- Bytes that are no text as the JSON text of their base64, which no number can be mistaken for.
SELECT
    e.seq, e.ts, e.received, e.id::UUID::BLOB, coalesce(e.payload, (e.more -> 'raw')::VARCHAR),
    k.channel, k.source, k.retain, k.qos,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM entries e JOIN kinds k ON k.id = e.kind
WHERE e.id = $id::UHUGEINT

-- name: run_ids
SELECT DISTINCT id::UUID::BLOB FROM run_rows WHERE id BETWEEN $low::UHUGEINT AND $high::UHUGEINT LIMIT 10

-- name: readings
SELECT device_key, device, property, instance, type, value, text, unit, ts
FROM reading_rows
WHERE
    ($device IS NULL OR device = $device OR device_key = $device)
    AND ($property IS NULL OR property = $property)
    AND ($since IS NULL OR ts >= $since)
    AND ($until IS NULL OR ts < $until)
ORDER BY ts DESC, seq DESC LIMIT $limit

-- name: buckets
SELECT
    any_value(device) AS device, device_key, property, instance, any_value(unit) AS unit,
    ts // $span AS bucket,
    avg(value) AS average, min(value) AS minimum, max(value) AS maximum, count(value) AS samples
FROM reading_rows
WHERE
    value IS NOT NULL
    AND ($device IS NULL OR device = $device OR device_key = $device)
    AND ($property IS NULL OR property = $property)
    AND ($since IS NULL OR ts >= $since)
    AND ($until IS NULL OR ts < $until)
GROUP BY device_key, property, instance, bucket
ORDER BY bucket DESC LIMIT $limit

-- name: holding
SELECT 1 FROM cursors WHERE hold LIMIT 1

-- name: held
SELECT min(seq) FROM cursors WHERE hold

-- name: expired
SELECT max(seq) FROM (
    SELECT seq FROM entries
    WHERE
        seq <= $held
        AND (
            (kind > 0 AND older(ts, received, $events))
            OR (form IS NOT NULL AND older(ts, received, $runs))
            OR older(ts, received, $readings)
        )
    LIMIT $slice
)

-- name: count_removed
INSERT INTO facts
SELECT 'acknowledged', count(*)
FROM entries SEMI JOIN kinds ON kinds.id = abs(kind) AND qos > 0
WHERE
    seq <= $upto
    AND (kind <= 0 OR older(ts, received, $events))
    AND (form IS NULL OR older(ts, received, $runs))
    AND (older(ts, received, $readings) OR abs(kind) NOT IN (SELECT kind FROM items))
ON CONFLICT DO UPDATE SET value = value + excluded.value

-- name: remove
DELETE FROM entries
WHERE
    seq <= $upto
    AND (kind <= 0 OR older(ts, received, $events))
    AND (form IS NULL OR older(ts, received, $runs))
    AND (older(ts, received, $readings) OR abs(kind) NOT IN (SELECT kind FROM items))

-- name: strip_events
UPDATE entries
SET kind = -kind, payload = NULL, id = CASE WHEN form IS NULL THEN NULL ELSE id END
WHERE seq <= $upto AND kind > 0 AND older(ts, received, $events)

-- name: strip_runs
UPDATE entries
SET
    form = NULL, started = NULL, finished = NULL, detail = NULL,
    id = CASE WHEN kind > 0 THEN id END
WHERE seq <= $upto AND form IS NOT NULL AND older(ts, received, $runs)

-- name: used_bytes
SELECT used_blocks * block_size FROM pragma_database_size() WHERE database_name = 'ledger'

-- name: oldest
SELECT max(seq) FROM (SELECT seq FROM entries LIMIT $slice)

-- name: kinds
SELECT count(*) FROM kinds

-- name: prune_kinds
DELETE FROM kinds WHERE id NOT IN (SELECT abs(kind) FROM entries)

-- name: prune_items
DELETE FROM items WHERE kind NOT IN (SELECT id FROM kinds)

-- name: past_page
SELECT max(seq) FROM (SELECT seq FROM entries WHERE seq > $after ORDER BY seq LIMIT $limit)

-- name: past_readings
SELECT
    r.seq, r.ts, r.received, r.device_key, r.device, r.property, r.instance, r.type, r.value,
    r.text, r.unit
FROM reading_rows r
WHERE
    r.seq > $after AND r.seq <= $upto AND ($property IS NULL OR r.property = $property)
    AND r.seq NOT IN (
        SELECT e.seq FROM entries e JOIN kinds k ON k.id = abs(e.kind)
        WHERE k.retain AND e.seq > $after AND e.seq <= $upto
    )
ORDER BY r.seq

-- name: past_topics
SELECT id, source FROM kinds WHERE channel = 'mqtt' AND NOT retain

-- name: past_messages
SELECT seq, ts, coalesce(received, ts), kind, payload, more
FROM entries
WHERE seq > $after AND seq <= $upto AND kind IN (SELECT unnest($kinds::INTEGER[]))
ORDER BY seq

-- name: every_kind
SELECT k.id, k.channel, k.source, i.device_key, i.property, i.device
FROM kinds k LEFT JOIN items i ON i.kind = k.id

-- name: span
SELECT
    e.seq, e.ts, e.received, e.id::UUID::BLOB, e.payload, k.channel, k.source, k.retain, k.qos,
    e.more
FROM entries e JOIN kinds k ON k.id = abs(e.kind)
WHERE
    abs(e.kind) IN (SELECT unnest($kinds::INTEGER[]))
    AND coalesce(e.received, e.ts) >= $since AND coalesce(e.received, e.ts) < $until
ORDER BY e.seq DESC LIMIT $limit

-- name: span_readings
SELECT
    e.seq, i.place, i.device_key, i.device, i.property, i.instance, i.type,
    cell(i.place, e.v1, e.v2, e.v3, e.v4, e.v5, e.v6, e.v7, e.v8), i.unit, e.ts
FROM entries e JOIN items i ON i.kind = abs(e.kind)
WHERE
    e.seq BETWEEN $first AND $last
    AND abs(e.kind) IN (SELECT unnest($kinds::INTEGER[]))
ORDER BY e.seq, i.rowid

-- name: state_at
WITH last AS (
    SELECT max(seq) AS seq FROM entries
    WHERE kind <> 0 AND coalesce(received, ts) < $at GROUP BY abs(kind)
)
SELECT
    e.seq, i.place, i.device_key, i.device, i.property, i.instance, i.type,
    cell(i.place, e.v1, e.v2, e.v3, e.v4, e.v5, e.v6, e.v7, e.v8), i.unit, e.ts
FROM entries e SEMI JOIN last ON last.seq = e.seq JOIN items i ON i.kind = abs(e.kind)
QUALIFY row_number() OVER (
    PARTITION BY i.device_key, i.property, i.instance ORDER BY e.seq DESC
) = 1

-- name: memory_at
SELECT
    k.source,
    arg_max(e.payload, e.seq) FILTER (WHERE e.ts < $at),
    max(e.ts) FILTER (WHERE e.ts < $at),
    arg_min(e.payload, e.seq) FILTER (WHERE e.ts >= $at)
FROM entries e JOIN kinds k ON k.id = e.kind
WHERE k.channel = 'memory' AND e.payload IS NOT NULL
GROUP BY k.source

-- name: last_of
SELECT max(coalesce(received, ts)) FROM entries
WHERE
    abs(kind) IN (SELECT unnest($kinds::INTEGER[])) AND coalesce(received, ts) < $before

-- name: page
SELECT
    e.seq, e.ts, e.received, e.id::UUID::BLOB, e.payload, k.channel, k.source, k.retain, k.qos,
    e.more
FROM entries e JOIN kinds k ON k.id = e.kind
WHERE
    e.kind IN (SELECT unnest($kinds::INTEGER[])) AND e.seq > $after
    AND coalesce(e.received, e.ts) >= $since AND coalesce(e.received, e.ts) < $until
ORDER BY e.seq LIMIT $limit
