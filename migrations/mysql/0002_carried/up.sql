-- What imports have carried, so that they can be stopped and run again: where it came from, what
-- the source said of it, and what it was when it was written.

CREATE TABLE carried_source (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    name VARCHAR(700) NOT NULL UNIQUE
) COLLATE ${COLLATION};

CREATE TABLE carried (
    source_id BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    name VARCHAR(500) NOT NULL,
    signature VARBINARY(16) NOT NULL,
    digest VARBINARY(16) NOT NULL,
    PRIMARY KEY (source_id, kind, name),
    FOREIGN KEY (source_id) REFERENCES carried_source (id)
) COLLATE ${COLLATION};
