-- name: slots
SELECT owner, key, value, due FROM slots

-- name: memory
SELECT key, value, ts FROM memory WHERE value <> 'null'

-- name: devices
SELECT key, name, firmware, area, labels, available, last_seen, state FROM registry ORDER BY name

-- name: latest
WITH last AS (SELECT max(seq) AS seq FROM entries WHERE kind <> 0 GROUP BY abs(kind))
SELECT r.device_key, r.device, r.property, r.instance, r.type, r.value, r.text, r.unit, r.ts
FROM reading_rows r SEMI JOIN last ON last.seq = r.seq
QUALIFY row_number() OVER (
    PARTITION BY r.device_key, r.property, r.instance ORDER BY r.seq DESC
) = 1
