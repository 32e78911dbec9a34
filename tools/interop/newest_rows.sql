SELECT decode(key) AS key, decode(value) AS value
FROM (
  SELECT *, row_number() OVER (PARTITION BY ns, key ORDER BY ts DESC) AS age
  FROM read_parquet('/tmp/veralith-tutorial/copy/*.parquet')
)
WHERE age = 1 AND value IS NOT NULL
ORDER BY ns, key;
