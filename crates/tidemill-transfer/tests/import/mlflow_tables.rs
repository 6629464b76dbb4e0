//! The tables that an export fills, as MLflow 3.17.2 makes them, without most of its indexes.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tidemill_store::DatabaseUrl;
use tidemill_testkit::TestDatabase;

/// `{serial}` and the quotes around `key` differ by database.
const TABLES: &str = r#"
    CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
    INSERT INTO alembic_version VALUES ('dc11669786a5');
    CREATE TABLE workspaces (name VARCHAR(63) NOT NULL, description TEXT);
    INSERT INTO workspaces VALUES ('default', 'made by MLflow');
    CREATE TABLE experiments (experiment_id {serial}, name VARCHAR(256) NOT NULL,
        artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32), creation_time BIGINT,
        last_update_time BIGINT, workspace VARCHAR(63) DEFAULT 'default' NOT NULL,
        UNIQUE (workspace, name));
    CREATE TABLE experiment_tags ("key" VARCHAR(250) NOT NULL, value TEXT,
        experiment_id INTEGER NOT NULL, PRIMARY KEY ("key", experiment_id));
    CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(250),
        source_type VARCHAR(20), source_name VARCHAR(500), entry_point_name VARCHAR(50),
        user_id VARCHAR(256), status VARCHAR(9), start_time BIGINT, end_time BIGINT,
        source_version VARCHAR(50), lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200),
        experiment_id INTEGER, deleted_time BIGINT,
        FOREIGN KEY (experiment_id) REFERENCES experiments (experiment_id));
    CREATE TABLE params ("key" VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL,
        run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY ("key", run_uuid),
        FOREIGN KEY (run_uuid) REFERENCES runs (run_uuid));
    CREATE TABLE tags ("key" VARCHAR(250) NOT NULL, value VARCHAR(8000),
        run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY ("key", run_uuid),
        FOREIGN KEY (run_uuid) REFERENCES runs (run_uuid));
    CREATE TABLE metrics ("key" VARCHAR(250) NOT NULL, value DOUBLE PRECISION NOT NULL,
        timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL, step BIGINT NOT NULL,
        is_nan BOOLEAN NOT NULL,
        PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan),
        FOREIGN KEY (run_uuid) REFERENCES runs (run_uuid));
    CREATE TABLE latest_metrics ("key" VARCHAR(250) NOT NULL, value DOUBLE PRECISION NOT NULL,
        timestamp BIGINT, step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL,
        run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY ("key", run_uuid));
    CREATE TABLE datasets (dataset_uuid VARCHAR(36) NOT NULL, experiment_id INTEGER NOT NULL,
        name VARCHAR(500) NOT NULL, digest VARCHAR(36) NOT NULL,
        dataset_source_type VARCHAR(36) NOT NULL, dataset_source TEXT NOT NULL,
        dataset_schema TEXT, dataset_profile TEXT, PRIMARY KEY (experiment_id, name, digest));
    CREATE TABLE inputs (input_uuid VARCHAR(36) NOT NULL, source_type VARCHAR(36) NOT NULL,
        source_id VARCHAR(36) NOT NULL, destination_type VARCHAR(36) NOT NULL,
        destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT 0 NOT NULL,
        PRIMARY KEY (source_type, source_id, destination_type, destination_id));
    CREATE TABLE input_tags (input_uuid VARCHAR(36) NOT NULL, name VARCHAR(255) NOT NULL,
        value VARCHAR(500) NOT NULL, PRIMARY KEY (input_uuid, name));
    CREATE TABLE logged_models (model_id VARCHAR(36) NOT NULL PRIMARY KEY,
        experiment_id INTEGER NOT NULL, name VARCHAR(500) NOT NULL,
        artifact_location VARCHAR(1000) NOT NULL, creation_timestamp_ms BIGINT NOT NULL,
        last_updated_timestamp_ms BIGINT NOT NULL, status INTEGER NOT NULL,
        lifecycle_stage VARCHAR(32), model_type VARCHAR(500), source_run_id VARCHAR(32),
        status_message VARCHAR(1000));
    CREATE TABLE logged_model_params (model_id VARCHAR(36) NOT NULL,
        experiment_id INTEGER NOT NULL, param_key VARCHAR(255) NOT NULL,
        param_value TEXT NOT NULL, PRIMARY KEY (model_id, param_key));
    CREATE TABLE logged_model_tags (model_id VARCHAR(36) NOT NULL, experiment_id INTEGER NOT NULL,
        tag_key VARCHAR(255) NOT NULL, tag_value TEXT NOT NULL, PRIMARY KEY (model_id, tag_key));
    CREATE TABLE logged_model_metrics (model_id VARCHAR(36) NOT NULL,
        metric_name VARCHAR(500) NOT NULL, metric_timestamp_ms BIGINT NOT NULL,
        metric_step BIGINT NOT NULL, metric_value DOUBLE PRECISION, experiment_id INTEGER NOT NULL,
        run_id VARCHAR(32) NOT NULL, dataset_uuid VARCHAR(36), dataset_name VARCHAR(500),
        dataset_digest VARCHAR(36),
        PRIMARY KEY (model_id, metric_name, metric_timestamp_ms, metric_step, run_id));
    CREATE TABLE registered_models (name VARCHAR(256) NOT NULL, creation_time BIGINT,
        last_updated_time BIGINT, description VARCHAR(5000),
        workspace VARCHAR(63) DEFAULT 'default' NOT NULL, PRIMARY KEY (workspace, name));
    CREATE TABLE registered_model_tags ("key" VARCHAR(250) NOT NULL, value VARCHAR(5000),
        name VARCHAR(256) NOT NULL, workspace VARCHAR(63) DEFAULT 'default' NOT NULL,
        PRIMARY KEY (workspace, "key", name));
    CREATE TABLE registered_model_aliases (alias VARCHAR(256) NOT NULL, version INTEGER NOT NULL,
        name VARCHAR(256) NOT NULL, workspace VARCHAR(63) DEFAULT 'default' NOT NULL,
        PRIMARY KEY (workspace, name, alias));
    CREATE TABLE model_versions (name VARCHAR(256) NOT NULL, version INTEGER NOT NULL,
        creation_time BIGINT, last_updated_time BIGINT, description VARCHAR(5000),
        user_id VARCHAR(256), current_stage VARCHAR(20), source VARCHAR(500), run_id VARCHAR(32),
        status VARCHAR(20), status_message VARCHAR(500), run_link VARCHAR(500),
        storage_location VARCHAR(500), workspace VARCHAR(63) DEFAULT 'default' NOT NULL,
        PRIMARY KEY (workspace, name, version));
    CREATE TABLE model_version_tags ("key" VARCHAR(250) NOT NULL, value TEXT,
        name VARCHAR(256) NOT NULL, version INTEGER NOT NULL,
        workspace VARCHAR(63) DEFAULT 'default' NOT NULL,
        PRIMARY KEY (workspace, "key", name, version));
    CREATE TABLE trace_info (request_id VARCHAR(50) NOT NULL PRIMARY KEY);
"#;

/// Something in every table: values that are easily lost, and rows as only MLflow leaves them.
pub(crate) const CONTENT: &str = "
    INSERT INTO experiments VALUES
        (0, 'Default', 's3://bucket/0', 'active', 1, 2, 'default'),
        (7, 'größe 模型', 's3://bucket/7', 'active', 11, 12, 'default'),
        (9, 'gone', 's3://bucket/9', 'deleted', 13, 14, 'default');
    INSERT INTO experiment_tags VALUES ('team', '', 7);
    INSERT INTO runs VALUES
        ('r1', 'one', 'UNKNOWN', '', '', 'me', 'FINISHED', 1, 2, '', 'active', 's3://bucket/7/r1', 7, NULL),
        ('r2', 'two', 'UNKNOWN', '', '', '', 'RUNNING', 3, NULL, '', 'active', 's3://bucket/7/r2', 7, NULL),
        ('r3', 'gone', 'UNKNOWN', '', '', 'me', 'KILLED', 5, 6, '', 'deleted', 's3://bucket/9/r3', 9, 9);
    INSERT INTO params VALUES ('lr', '0.1', 'r1'), ('a/b c', '', 'r2'), ('lines', 'a
b', 'r1');
    INSERT INTO tags VALUES ('mlflow.runName', 'two', 'r2'), ('note', '🚀', 'r1');
    INSERT INTO metrics VALUES
        ('loss', 0.5, 100, 'r1', 0, 0), ('loss', 0.25, 101, 'r1', 1, 0), ('loss', 0.0, 102, 'r1', 2, 1),
        ('nan', 0.0, 5, 'r2', 1, 1), ('nan', 1.0, 5, 'r2', 1, 0), ('nan', 9.0, 9, 'r2', -7, 0),
        ('inf', 1.7976931348623157e308, 1, 'r3', -5, 0), ('inf', -1.7976931348623157e308, 1, 'r3', -5, 0),
        ('small', 5e-324, 1, 'r3', 1000000000000, 0);
    INSERT INTO latest_metrics VALUES
        ('loss', 0.0, 102, 2, 1, 'r1'), ('nan', 1.0, 5, 1, 0, 'r2'),
        ('inf', 1.7976931348623157e308, 1, -5, 0, 'r3'), ('small', 5e-324, 1, 1000000000000, 0, 'r3');
    INSERT INTO datasets VALUES
        ('d1', 7, 'train', 'abc', 'local', '{}', NULL, '{\"rows\": 1}'),
        ('d2', 9, 'train', 'abc', 'local', '{}', NULL, NULL);
    INSERT INTO inputs VALUES
        ('i1', 'DATASET', 'd1', 'RUN', 'r1', 0), ('i2', 'DATASET', 'd1', 'RUN', 'r2', 0),
        ('i3', 'DATASET', 'd2', 'RUN', 'r3', 0),
        ('i4', 'RUN_INPUT', 'r1', 'MODEL_INPUT', 'm-1', 0), ('i5', 'RUN_OUTPUT', 'r2', 'MODEL_OUTPUT', 'm-1', 3);
    INSERT INTO input_tags VALUES ('i1', 'mlflow.data.context', 'training'), ('i2', 'mlflow.data.context', 'test');
    INSERT INTO logged_models VALUES
        ('m-1', 7, 'net', 's3://bucket/m', 21, 22, 2, 'active', 'agent', 'r2', NULL),
        ('m-2', 7, 'net', 's3://bucket/n', 23, 24, 3, 'deleted', '', '', 'no room');
    INSERT INTO logged_model_params VALUES ('m-1', 7, 'depth', '3');
    INSERT INTO logged_model_tags VALUES ('m-2', 7, 'k', '');
    INSERT INTO logged_model_metrics VALUES ('m-1', 'acc', 5, 1, 0.75, 9, 'r3', NULL, 'train', 'abc');
    INSERT INTO registered_models VALUES ('m', 1, 2, 'a model', 'default'), ('empty', 3, 4, NULL, 'default');
    INSERT INTO registered_model_tags VALUES ('mlflow.prompt.is_prompt', 'true', 'm', 'default');
    INSERT INTO registered_model_aliases VALUES ('champion', 1, 'm', 'default');
    INSERT INTO model_versions VALUES
        ('m', 1, 3, 4, NULL, 'me', 'Production', 'models:/m-1', 'r1', 'READY', NULL, '', 's3://bucket/m', 'default'),
        ('m', 3, 2, 2, NULL, NULL, 'Deleted_Internal', NULL, NULL, 'READY', NULL, NULL, NULL, 'default');
    INSERT INTO model_version_tags VALUES ('vk', 'vv', 'm', 1, 'default');
";

/// The tables of [`CONTENT`] with columns that an export writes as they were. Ids of datasets and
/// inputs are made anew.
pub(crate) const COMPARED: [(&str, &str); 17] = [
    (
        "experiments",
        "experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time, workspace",
    ),
    ("experiment_tags", "\"key\", value, experiment_id"),
    (
        "runs",
        "run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id, deleted_time",
    ),
    ("params", "\"key\", value, run_uuid"),
    ("tags", "\"key\", value, run_uuid"),
    (
        "metrics",
        "\"key\", value, timestamp, run_uuid, step, is_nan",
    ),
    (
        "latest_metrics",
        "\"key\", value, timestamp, step, is_nan, run_uuid",
    ),
    (
        "datasets",
        "experiment_id, name, digest, dataset_source_type, dataset_source, dataset_schema, dataset_profile",
    ),
    (
        "inputs LEFT JOIN input_tags ON input_tags.input_uuid = inputs.input_uuid",
        "source_type, destination_type, destination_id, step, name, value",
    ),
    (
        "logged_models",
        "model_id, experiment_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage, model_type, source_run_id, status_message",
    ),
    (
        "logged_model_params",
        "model_id, experiment_id, param_key, param_value",
    ),
    (
        "logged_model_tags",
        "model_id, experiment_id, tag_key, tag_value",
    ),
    (
        "logged_model_metrics",
        "model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, experiment_id, run_id, dataset_uuid, dataset_name, dataset_digest",
    ),
    (
        "registered_models",
        "name, creation_time, last_updated_time, description, workspace",
    ),
    (
        "registered_model_aliases",
        "alias, version, name, workspace",
    ),
    (
        "model_versions",
        "name, version, creation_time, last_updated_time, description, user_id, current_stage, source, run_id, status, status_message, run_link, storage_location, workspace",
    ),
    (
        "model_version_tags",
        "\"key\", value, name, version, workspace",
    ),
];

/// Makes the tables in an empty database.
pub(crate) fn make_tables(database: &TestDatabase) {
    let (serial, quote) = match database.url() {
        DatabaseUrl::Sqlite(_) => ("INTEGER NOT NULL PRIMARY KEY", "\""),
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(_) => ("SERIAL PRIMARY KEY", "\""),
        #[cfg(feature = "mysql")]
        DatabaseUrl::Mysql(_) => ("INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY", "`"),
    };
    let tables = TABLES.replace("{serial}", serial).replace('"', quote);
    database.execute(&tables);
}

/// What a SQLite file holds, as text.
pub(crate) fn content(database: &TestDatabase) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        shown: String,
    }
    let uri = database.uri();
    let file = uri.trim_start_matches("sqlite:///");
    let mut db = SqliteConnection::establish(file).unwrap();
    db.batch_execute("PRAGMA query_only = ON").unwrap();
    let mut content = Vec::new();
    for (table, columns) in COMPARED {
        let shown = columns.replace(", ", ") || ', ' || quote(");
        let sql = format!("SELECT quote({shown}) AS shown FROM {table} ORDER BY 1");
        let rows: Vec<Row> = diesel::sql_query(sql).load(&mut db).unwrap();
        content.extend(
            rows.into_iter()
                .map(|row| format!("{table}: {}", row.shown)),
        );
    }
    content
}
