-- Every accepted version of every pipeline; `version` is empty where the pipeline was removed.
-- `place` is [file, first line, last line], `files` the files it was made of as {name: hash}.
CREATE TABLE versions (
    pipeline VARCHAR, number INTEGER, version VARCHAR, accepted BIGINT, note VARCHAR, file VARCHAR,
    place VARCHAR, files VARCHAR, PRIMARY KEY (pipeline, number)
);

-- What these files said; once, however many pipelines are made of one.
CREATE TABLE version_texts (hash VARCHAR PRIMARY KEY, text VARCHAR USING COMPRESSION zstd);
