-- What imports have carried, so that they can be stopped and run again: where it came from, what
-- the source said of it, and what it was when it was written.

CREATE TABLE carried_source (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE carried (
    source_id BIGINT NOT NULL REFERENCES carried_source (id),
    kind SMALLINT NOT NULL,
    name TEXT NOT NULL,
    signature BLOB NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (source_id, kind, name)
) WITHOUT ROWID;
