//! MLflow's tables, as its revision [`super::REVISION`] has them: those that are written.

diesel::table! {
    use diesel::sql_types::*;
    use crate::dialect::MlflowInteger;

    experiments (experiment_id) {
        experiment_id -> MlflowInteger,
        name -> Text,
        artifact_location -> Text,
        lifecycle_stage -> Text,
        creation_time -> BigInt,
        last_update_time -> BigInt,
        workspace -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::dialect::MlflowInteger;

    experiment_tags (key, experiment_id) {
        key -> Text,
        value -> Text,
        experiment_id -> MlflowInteger,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::dialect::MlflowInteger;

    runs (run_uuid) {
        run_uuid -> Text,
        name -> Text,
        source_type -> Text,
        source_name -> Text,
        entry_point_name -> Text,
        source_version -> Text,
        user_id -> Text,
        status -> Text,
        start_time -> BigInt,
        end_time -> Nullable<BigInt>,
        deleted_time -> Nullable<BigInt>,
        lifecycle_stage -> Text,
        artifact_uri -> Text,
        experiment_id -> MlflowInteger,
    }
}

diesel::table! {
    params (key, run_uuid) {
        key -> Text,
        value -> Text,
        run_uuid -> Text,
    }
}

diesel::table! {
    tags (key, run_uuid) {
        key -> Text,
        value -> Text,
        run_uuid -> Text,
    }
}

diesel::table! {
    metrics (key, timestamp, step, run_uuid, value, is_nan) {
        key -> Text,
        value -> Double,
        timestamp -> BigInt,
        run_uuid -> Text,
        step -> BigInt,
        is_nan -> Bool,
    }
}

diesel::table! {
    latest_metrics (key, run_uuid) {
        key -> Text,
        value -> Double,
        timestamp -> BigInt,
        run_uuid -> Text,
        step -> BigInt,
        is_nan -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::dialect::MlflowInteger;

    datasets (experiment_id, name, digest) {
        dataset_uuid -> Text,
        experiment_id -> MlflowInteger,
        name -> Text,
        digest -> Text,
        dataset_source_type -> Text,
        dataset_source -> Text,
        dataset_schema -> Nullable<Text>,
        dataset_profile -> Nullable<Text>,
    }
}

diesel::table! {
    inputs (source_type, source_id, destination_type, destination_id) {
        input_uuid -> Text,
        source_type -> Text,
        source_id -> Text,
        destination_type -> Text,
        destination_id -> Text,
        step -> BigInt,
    }
}

diesel::table! {
    input_tags (input_uuid, name) {
        input_uuid -> Text,
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::dialect::MlflowInteger;

    logged_models (model_id) {
        model_id -> Text,
        experiment_id -> MlflowInteger,
        name -> Text,
        artifact_location -> Text,
        creation_timestamp_ms -> BigInt,
        last_updated_timestamp_ms -> BigInt,
        status -> Integer,
        lifecycle_stage -> Text,
        model_type -> Nullable<Text>,
        source_run_id -> Nullable<Text>,
        status_message -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::dialect::MlflowInteger;

    logged_model_params (model_id, param_key) {
        model_id -> Text,
        experiment_id -> MlflowInteger,
        param_key -> Text,
        param_value -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::dialect::MlflowInteger;

    logged_model_tags (model_id, tag_key) {
        model_id -> Text,
        experiment_id -> MlflowInteger,
        tag_key -> Text,
        tag_value -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::dialect::MlflowInteger;

    logged_model_metrics (model_id, metric_name, metric_timestamp_ms, metric_step, run_id) {
        model_id -> Text,
        metric_name -> Text,
        metric_timestamp_ms -> BigInt,
        metric_step -> BigInt,
        metric_value -> Double,
        experiment_id -> MlflowInteger,
        run_id -> Text,
        dataset_name -> Nullable<Text>,
        dataset_digest -> Nullable<Text>,
    }
}

diesel::table! {
    registered_models (workspace, name) {
        name -> Text,
        creation_time -> BigInt,
        last_updated_time -> BigInt,
        description -> Nullable<Text>,
        workspace -> Text,
    }
}

diesel::table! {
    registered_model_tags (workspace, key, name) {
        key -> Text,
        value -> Text,
        name -> Text,
        workspace -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::dialect::MlflowInteger;

    registered_model_aliases (workspace, name, alias) {
        alias -> Text,
        version -> MlflowInteger,
        name -> Text,
        workspace -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::dialect::MlflowInteger;

    model_versions (workspace, name, version) {
        name -> Text,
        version -> MlflowInteger,
        creation_time -> BigInt,
        last_updated_time -> BigInt,
        description -> Nullable<Text>,
        user_id -> Nullable<Text>,
        current_stage -> Text,
        source -> Nullable<Text>,
        storage_location -> Nullable<Text>,
        run_id -> Nullable<Text>,
        run_link -> Nullable<Text>,
        status -> Text,
        status_message -> Nullable<Text>,
        workspace -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::dialect::MlflowInteger;

    model_version_tags (workspace, key, name, version) {
        key -> Text,
        value -> Text,
        name -> Text,
        version -> MlflowInteger,
        workspace -> Text,
    }
}

diesel::table! {
    alembic_version (version_num) {
        version_num -> Text,
    }
}
