-- ${COLLATION} is the binary collation that does not ignore trailing blanks; MySQL and MariaDB name it differently.
-- Ids are integers inside; the text ids that clients know are unique columns.
-- The hot tables (metric_*, param, run_tag) carry no foreign keys: every write to
-- them has looked up its run in the same transaction.

CREATE TABLE experiment (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    name VARCHAR(500) NOT NULL UNIQUE,
    artifact_location TEXT NOT NULL,
    stage SMALLINT NOT NULL,
    creation_time BIGINT NOT NULL,
    last_update_time BIGINT NOT NULL
) COLLATE ${COLLATION};

CREATE TABLE experiment_tag (
    experiment_id BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    value MEDIUMTEXT NOT NULL,
    PRIMARY KEY (experiment_id, name),
    FOREIGN KEY (experiment_id) REFERENCES experiment (id)
) COLLATE ${COLLATION};

CREATE TABLE run (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    uuid VARCHAR(64) NOT NULL UNIQUE,
    experiment_id BIGINT NOT NULL,
    stage SMALLINT NOT NULL,
    status SMALLINT NOT NULL,
    start_time BIGINT NOT NULL,
    end_time BIGINT,
    deleted_time BIGINT,
    name VARCHAR(500) NOT NULL,
    user_id VARCHAR(256) NOT NULL,
    artifact_uri TEXT NOT NULL,
    FOREIGN KEY (experiment_id) REFERENCES experiment (id)
) COLLATE ${COLLATION};
-- The default order of a search: newest first, then by id.
CREATE INDEX run_by_start ON run (experiment_id, stage, start_time DESC, uuid);

-- Names of metrics, params and tags, numbered per experiment. Append-only.
CREATE TABLE `key` (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    experiment_id BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    UNIQUE (experiment_id, kind, name)
) COLLATE ${COLLATION};

-- A value of NULL is NaN.
CREATE TABLE metric_latest (
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    step BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    value DOUBLE,
    PRIMARY KEY (run_id, key_id)
) COLLATE ${COLLATION};
CREATE INDEX metric_latest_by_value ON metric_latest (key_id, value, run_id);

-- The points that are not in a chunk yet: a row for each write and run, however many metrics
-- it brought points of. Repeated points are dropped when they are read or sealed.
CREATE TABLE metric_tail (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    run_id BIGINT NOT NULL,
    n BIGINT NOT NULL,
    data LONGBLOB NOT NULL
) COLLATE ${COLLATION};
CREATE INDEX metric_tail_by_run ON metric_tail (run_id);

-- Sealed points, compressed already.
CREATE TABLE metric_chunk (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    min_step BIGINT NOT NULL,
    max_step BIGINT NOT NULL,
    codec SMALLINT NOT NULL,
    data LONGBLOB NOT NULL,
    UNIQUE (run_id, key_id, seq)
) COLLATE ${COLLATION};

CREATE TABLE param (
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    value MEDIUMTEXT NOT NULL,
    PRIMARY KEY (run_id, key_id)
) COLLATE ${COLLATION};
CREATE INDEX param_by_value ON param (key_id, value(120), run_id);

CREATE TABLE run_tag (
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    value MEDIUMTEXT NOT NULL,
    PRIMARY KEY (run_id, key_id)
) COLLATE ${COLLATION};
CREATE INDEX run_tag_by_value ON run_tag (key_id, value(120), run_id);

CREATE TABLE dataset (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    experiment_id BIGINT NOT NULL,
    name VARCHAR(500) NOT NULL,
    digest VARCHAR(64) NOT NULL,
    source_type VARCHAR(64) NOT NULL,
    source MEDIUMTEXT NOT NULL,
    `schema` LONGTEXT,
    profile LONGTEXT,
    UNIQUE (experiment_id, name, digest),
    FOREIGN KEY (experiment_id) REFERENCES experiment (id)
) COLLATE ${COLLATION};

-- Which run read which dataset; "position" keeps the order in which they were logged.
CREATE TABLE run_dataset (
    run_id BIGINT NOT NULL,
    dataset_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (run_id, dataset_id),
    FOREIGN KEY (run_id) REFERENCES run (id),
    FOREIGN KEY (dataset_id) REFERENCES dataset (id)
) COLLATE ${COLLATION};
CREATE INDEX run_dataset_by_dataset ON run_dataset (dataset_id, run_id);

CREATE TABLE run_dataset_tag (
    run_id BIGINT NOT NULL,
    dataset_id BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    value MEDIUMTEXT NOT NULL,
    PRIMARY KEY (run_id, dataset_id, name)
) COLLATE ${COLLATION};

CREATE TABLE run_model_input (
    run_id BIGINT NOT NULL,
    model_id VARCHAR(64) NOT NULL,
    PRIMARY KEY (run_id, model_id),
    FOREIGN KEY (run_id) REFERENCES run (id)
) COLLATE ${COLLATION};

CREATE TABLE run_model_output (
    run_id BIGINT NOT NULL,
    model_id VARCHAR(64) NOT NULL,
    step BIGINT NOT NULL,
    PRIMARY KEY (run_id, model_id),
    FOREIGN KEY (run_id) REFERENCES run (id)
) COLLATE ${COLLATION};

CREATE TABLE logged_model (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    uuid VARCHAR(64) NOT NULL UNIQUE,
    experiment_id BIGINT NOT NULL,
    name VARCHAR(500) NOT NULL,
    artifact_location TEXT NOT NULL,
    creation_time BIGINT NOT NULL,
    last_updated_time BIGINT NOT NULL,
    status SMALLINT NOT NULL,
    status_message TEXT,
    stage SMALLINT NOT NULL,
    model_type VARCHAR(500) NOT NULL,
    source_run_id VARCHAR(64) NOT NULL,
    FOREIGN KEY (experiment_id) REFERENCES experiment (id)
) COLLATE ${COLLATION};
CREATE INDEX logged_model_by_creation ON logged_model (experiment_id, stage, creation_time DESC, uuid);

CREATE TABLE logged_model_param (
    model_id BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    value MEDIUMTEXT NOT NULL,
    PRIMARY KEY (model_id, name),
    FOREIGN KEY (model_id) REFERENCES logged_model (id)
) COLLATE ${COLLATION};

CREATE TABLE logged_model_tag (
    model_id BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    value MEDIUMTEXT NOT NULL,
    PRIMARY KEY (model_id, name),
    FOREIGN KEY (model_id) REFERENCES logged_model (id)
) COLLATE ${COLLATION};

-- A value of NULL is NaN.
CREATE TABLE logged_model_metric (
    model_id BIGINT NOT NULL,
    name VARCHAR(500) NOT NULL,
    ts BIGINT NOT NULL,
    step BIGINT NOT NULL,
    run_uuid VARCHAR(64) NOT NULL,
    value DOUBLE,
    dataset_name VARCHAR(500),
    dataset_digest VARCHAR(64),
    PRIMARY KEY (model_id, name, ts, step, run_uuid),
    FOREIGN KEY (model_id) REFERENCES logged_model (id)
) COLLATE ${COLLATION};

-- "last_version" only grows, so that a number is never used again.
CREATE TABLE registered_model (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    name VARCHAR(500) NOT NULL UNIQUE,
    creation_time BIGINT NOT NULL,
    last_updated_time BIGINT NOT NULL,
    description MEDIUMTEXT,
    last_version BIGINT NOT NULL
) COLLATE ${COLLATION};
CREATE INDEX registered_model_by_update ON registered_model (last_updated_time, name);

CREATE TABLE registered_model_tag (
    model_id BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    value MEDIUMTEXT NOT NULL,
    PRIMARY KEY (model_id, name),
    FOREIGN KEY (model_id) REFERENCES registered_model (id)
) COLLATE ${COLLATION};

CREATE TABLE registered_model_alias (
    model_id BIGINT NOT NULL,
    alias VARCHAR(255) NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (model_id, alias),
    FOREIGN KEY (model_id) REFERENCES registered_model (id)
) COLLATE ${COLLATION};

-- A stage of NULL marks a deleted version, kept as a tombstone without content.
CREATE TABLE model_version (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    model_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    creation_time BIGINT NOT NULL,
    last_updated_time BIGINT NOT NULL,
    description MEDIUMTEXT,
    user_id VARCHAR(256),
    stage SMALLINT,
    source MEDIUMTEXT NOT NULL,
    storage_location TEXT,
    run_uuid VARCHAR(64) NOT NULL,
    run_link TEXT NOT NULL,
    status SMALLINT NOT NULL,
    status_message TEXT,
    logged_model_uuid VARCHAR(64),
    UNIQUE (model_id, version),
    FOREIGN KEY (model_id) REFERENCES registered_model (id)
) COLLATE ${COLLATION};
CREATE INDEX model_version_by_stage ON model_version (model_id, stage, version);
CREATE INDEX model_version_by_run ON model_version (run_uuid);
CREATE INDEX model_version_by_update ON model_version (last_updated_time);

CREATE TABLE model_version_tag (
    version_id BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    value MEDIUMTEXT NOT NULL,
    PRIMARY KEY (version_id, name),
    FOREIGN KEY (version_id) REFERENCES model_version (id)
) COLLATE ${COLLATION};
CREATE INDEX model_version_tag_by_value ON model_version_tag (name, value(120), version_id);
