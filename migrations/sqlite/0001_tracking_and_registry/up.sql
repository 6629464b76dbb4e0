-- Ids are integers inside; the text ids that clients know are unique columns.
-- The hot tables (metric_*, param, run_tag) carry no foreign keys: every write to
-- them has looked up its run in the same transaction.

CREATE TABLE experiment (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    artifact_location TEXT NOT NULL,
    stage SMALLINT NOT NULL,
    creation_time BIGINT NOT NULL,
    last_update_time BIGINT NOT NULL
);

CREATE TABLE experiment_tag (
    experiment_id BIGINT NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment_id, name)
) WITHOUT ROWID;

CREATE TABLE run (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    experiment_id BIGINT NOT NULL REFERENCES experiment (id),
    stage SMALLINT NOT NULL,
    status SMALLINT NOT NULL,
    start_time BIGINT NOT NULL,
    end_time BIGINT,
    deleted_time BIGINT,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    artifact_uri TEXT NOT NULL
);
-- The default order of a search: newest first, then by id.
CREATE INDEX run_by_start ON run (experiment_id, stage, start_time DESC, uuid);

-- Names of metrics, params and tags, numbered per experiment. Append-only.
CREATE TABLE key (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    experiment_id BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (experiment_id, kind, name)
);

-- A value of NULL is NaN.
CREATE TABLE metric_latest (
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    step BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    value DOUBLE,
    PRIMARY KEY (run_id, key_id)
) WITHOUT ROWID;
CREATE INDEX metric_latest_by_value ON metric_latest (key_id, value, run_id);

-- The points that are not in a chunk yet: a row for each write and run, however many metrics
-- it brought points of. Repeated points are dropped when they are read or sealed.
CREATE TABLE metric_tail (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id BIGINT NOT NULL,
    n BIGINT NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX metric_tail_by_run ON metric_tail (run_id);

-- Sealed points, compressed. A rowid table, because large values do not suit WITHOUT ROWID.
CREATE TABLE metric_chunk (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    min_step BIGINT NOT NULL,
    max_step BIGINT NOT NULL,
    codec SMALLINT NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (run_id, key_id, seq)
);

CREATE TABLE param (
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_id, key_id)
) WITHOUT ROWID;
CREATE INDEX param_by_value ON param (key_id, substr(value, 1, 120), run_id);

CREATE TABLE run_tag (
    run_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_id, key_id)
) WITHOUT ROWID;
CREATE INDEX run_tag_by_value ON run_tag (key_id, substr(value, 1, 120), run_id);

CREATE TABLE dataset (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    experiment_id BIGINT NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema TEXT,
    profile TEXT,
    UNIQUE (experiment_id, name, digest)
);

-- Which run read which dataset; "position" keeps the order in which they were logged.
CREATE TABLE run_dataset (
    run_id BIGINT NOT NULL REFERENCES run (id),
    dataset_id BIGINT NOT NULL REFERENCES dataset (id),
    position BIGINT NOT NULL,
    PRIMARY KEY (run_id, dataset_id)
) WITHOUT ROWID;
CREATE INDEX run_dataset_by_dataset ON run_dataset (dataset_id, run_id);

CREATE TABLE run_dataset_tag (
    run_id BIGINT NOT NULL,
    dataset_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_id, dataset_id, name)
) WITHOUT ROWID;

CREATE TABLE run_model_input (
    run_id BIGINT NOT NULL REFERENCES run (id),
    model_id TEXT NOT NULL,
    PRIMARY KEY (run_id, model_id)
) WITHOUT ROWID;

CREATE TABLE run_model_output (
    run_id BIGINT NOT NULL REFERENCES run (id),
    model_id TEXT NOT NULL,
    step BIGINT NOT NULL,
    PRIMARY KEY (run_id, model_id)
) WITHOUT ROWID;

CREATE TABLE logged_model (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    experiment_id BIGINT NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    artifact_location TEXT NOT NULL,
    creation_time BIGINT NOT NULL,
    last_updated_time BIGINT NOT NULL,
    status SMALLINT NOT NULL,
    status_message TEXT,
    stage SMALLINT NOT NULL,
    model_type TEXT NOT NULL,
    source_run_id TEXT NOT NULL
);
CREATE INDEX logged_model_by_creation ON logged_model (experiment_id, stage, creation_time DESC, uuid);

CREATE TABLE logged_model_param (
    model_id BIGINT NOT NULL REFERENCES logged_model (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, name)
) WITHOUT ROWID;

CREATE TABLE logged_model_tag (
    model_id BIGINT NOT NULL REFERENCES logged_model (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, name)
) WITHOUT ROWID;

-- A value of NULL is NaN.
CREATE TABLE logged_model_metric (
    model_id BIGINT NOT NULL REFERENCES logged_model (id),
    name TEXT NOT NULL,
    ts BIGINT NOT NULL,
    step BIGINT NOT NULL,
    run_uuid TEXT NOT NULL,
    value DOUBLE,
    dataset_name TEXT,
    dataset_digest TEXT,
    PRIMARY KEY (model_id, name, ts, step, run_uuid)
) WITHOUT ROWID;

-- "last_version" only grows, so that a number is never used again.
CREATE TABLE registered_model (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    creation_time BIGINT NOT NULL,
    last_updated_time BIGINT NOT NULL,
    description TEXT,
    last_version BIGINT NOT NULL
);
CREATE INDEX registered_model_by_update ON registered_model (last_updated_time, name);

CREATE TABLE registered_model_tag (
    model_id BIGINT NOT NULL REFERENCES registered_model (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, name)
) WITHOUT ROWID;

CREATE TABLE registered_model_alias (
    model_id BIGINT NOT NULL REFERENCES registered_model (id),
    alias TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (model_id, alias)
) WITHOUT ROWID;

-- A stage of NULL marks a deleted version, kept as a tombstone without content.
CREATE TABLE model_version (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    model_id BIGINT NOT NULL REFERENCES registered_model (id),
    version BIGINT NOT NULL,
    creation_time BIGINT NOT NULL,
    last_updated_time BIGINT NOT NULL,
    description TEXT,
    user_id TEXT,
    stage SMALLINT,
    source TEXT NOT NULL,
    storage_location TEXT,
    run_uuid TEXT NOT NULL,
    run_link TEXT NOT NULL,
    status SMALLINT NOT NULL,
    status_message TEXT,
    logged_model_uuid TEXT,
    UNIQUE (model_id, version)
);
CREATE INDEX model_version_by_stage ON model_version (model_id, stage, version);
CREATE INDEX model_version_by_run ON model_version (run_uuid);
CREATE INDEX model_version_by_update ON model_version (last_updated_time);

CREATE TABLE model_version_tag (
    version_id BIGINT NOT NULL REFERENCES model_version (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (version_id, name)
) WITHOUT ROWID;
CREATE INDEX model_version_tag_by_value ON model_version_tag (name, substr(value, 1, 120), version_id);
