-- How many readings there are since $since, and how many seconds usually lie between two;
-- the times of the first and the last one.
SELECT count(*) AS readings, median(gap) AS gap, min(epoch(ts)) AS first,
    max(epoch(ts)) AS last
FROM (
    SELECT ts, epoch(ts) - lag(epoch(ts)) OVER (ORDER BY ts) AS gap FROM readings
    WHERE device = $device AND property = $property AND coalesce(instance, '') = $instance
      AND value IS NOT NULL AND ts > $since::TIMESTAMPTZ
)
