SELECT ns, decode(key), ts, decode(value) FROM iceberg_scan('TABLE');

SELECT ns, key, ts, value
FROM (SELECT *, row_number() OVER (PARTITION BY ns, key ORDER BY ts DESC) AS age FROM read_parquet('DIR/*.parquet'))
WHERE age = 1 AND value IS NOT NULL;

SELECT decode(key) AS key, decode(value) AS value FROM iceberg_scan('/tmp/fruit-table') ORDER BY key;

SELECT decode(key) AS key, decode(value) AS value
FROM iceberg_scan('/tmp/fruit-table', snapshot_from_id = 1) ORDER BY key;
