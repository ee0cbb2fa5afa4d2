-- One mean for each interval before $until, counted backwards from it: 0 is the last one.
SELECT floor((epoch($until::TIMESTAMPTZ) - epoch(ts)) / $interval)::INTEGER AS ago, avg(value) AS mean
FROM readings
WHERE device = $device AND property = $property AND coalesce(instance, '') = $instance AND value IS NOT NULL
  AND ts <= $until::TIMESTAMPTZ AND epoch(ts) > epoch($until::TIMESTAMPTZ) - $interval * $count
GROUP BY 1 ORDER BY 1 DESC
