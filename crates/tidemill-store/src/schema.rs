//! The tables as diesel sees them; the same for all three databases.
//!
//! A test selects every column of every table on each database, and counts them,
//! so that this page and the migrations cannot drift apart.

diesel::table! {
    experiment (id) {
        id -> BigInt,
        name -> Text,
        artifact_location -> Text,
        stage -> SmallInt,
        creation_time -> BigInt,
        last_update_time -> BigInt,
    }
}

diesel::table! {
    experiment_tag (experiment_id, name) {
        experiment_id -> BigInt,
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    run (id) {
        id -> BigInt,
        uuid -> Text,
        experiment_id -> BigInt,
        stage -> SmallInt,
        status -> SmallInt,
        start_time -> BigInt,
        end_time -> Nullable<BigInt>,
        deleted_time -> Nullable<BigInt>,
        name -> Text,
        user_id -> Text,
        artifact_uri -> Text,
    }
}

diesel::table! {
    key (id) {
        id -> BigInt,
        experiment_id -> BigInt,
        kind -> SmallInt,
        name -> Text,
    }
}

diesel::table! {
    metric_latest (run_id, key_id) {
        run_id -> BigInt,
        key_id -> BigInt,
        step -> BigInt,
        ts -> BigInt,
        value -> Nullable<Double>,
    }
}

diesel::table! {
    metric_tail (id) {
        id -> BigInt,
        run_id -> BigInt,
        n -> BigInt,
        data -> Binary,
    }
}

diesel::table! {
    metric_chunk (id) {
        id -> BigInt,
        run_id -> BigInt,
        key_id -> BigInt,
        seq -> BigInt,
        n -> BigInt,
        min_step -> BigInt,
        max_step -> BigInt,
        codec -> SmallInt,
        data -> Binary,
    }
}

diesel::table! {
    param (run_id, key_id) {
        run_id -> BigInt,
        key_id -> BigInt,
        value -> Text,
    }
}

diesel::table! {
    run_tag (run_id, key_id) {
        run_id -> BigInt,
        key_id -> BigInt,
        value -> Text,
    }
}

diesel::table! {
    dataset (id) {
        id -> BigInt,
        experiment_id -> BigInt,
        name -> Text,
        digest -> Text,
        source_type -> Text,
        source -> Text,
        schema -> Nullable<Text>,
        profile -> Nullable<Text>,
    }
}

diesel::table! {
    run_dataset (run_id, dataset_id) {
        run_id -> BigInt,
        dataset_id -> BigInt,
        position -> BigInt,
    }
}

diesel::table! {
    run_dataset_tag (run_id, dataset_id, name) {
        run_id -> BigInt,
        dataset_id -> BigInt,
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    run_model_input (run_id, model_id) {
        run_id -> BigInt,
        model_id -> Text,
    }
}

diesel::table! {
    run_model_output (run_id, model_id) {
        run_id -> BigInt,
        model_id -> Text,
        step -> BigInt,
    }
}

diesel::table! {
    logged_model (id) {
        id -> BigInt,
        uuid -> Text,
        experiment_id -> BigInt,
        name -> Text,
        artifact_location -> Text,
        creation_time -> BigInt,
        last_updated_time -> BigInt,
        status -> SmallInt,
        status_message -> Nullable<Text>,
        stage -> SmallInt,
        model_type -> Nullable<Text>,
        source_run_id -> Nullable<Text>,
    }
}

diesel::table! {
    logged_model_param (model_id, name) {
        model_id -> BigInt,
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    logged_model_tag (model_id, name) {
        model_id -> BigInt,
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    logged_model_metric (model_id, name, ts, step, run_uuid) {
        model_id -> BigInt,
        name -> Text,
        ts -> BigInt,
        step -> BigInt,
        run_uuid -> Text,
        value -> Nullable<Double>,
        dataset_name -> Nullable<Text>,
        dataset_digest -> Nullable<Text>,
    }
}

diesel::table! {
    registered_model (id) {
        id -> BigInt,
        name -> Text,
        creation_time -> BigInt,
        last_updated_time -> BigInt,
        description -> Nullable<Text>,
        last_version -> BigInt,
    }
}

diesel::table! {
    registered_model_tag (model_id, name) {
        model_id -> BigInt,
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    registered_model_alias (model_id, alias) {
        model_id -> BigInt,
        alias -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    model_version (id) {
        id -> BigInt,
        model_id -> BigInt,
        version -> BigInt,
        creation_time -> BigInt,
        last_updated_time -> BigInt,
        description -> Nullable<Text>,
        user_id -> Nullable<Text>,
        stage -> Nullable<SmallInt>,
        source -> Text,
        storage_location -> Nullable<Text>,
        run_uuid -> Nullable<Text>,
        run_link -> Nullable<Text>,
        status -> SmallInt,
        status_message -> Nullable<Text>,
        logged_model_uuid -> Nullable<Text>,
    }
}

diesel::table! {
    model_version_tag (version_id, name) {
        version_id -> BigInt,
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    carried_source (id) {
        id -> BigInt,
        name -> Text,
    }
}

diesel::table! {
    carried (source_id, kind, name) {
        source_id -> BigInt,
        kind -> SmallInt,
        name -> Text,
        signature -> Binary,
        digest -> Binary,
    }
}

diesel::joinable!(run -> experiment (experiment_id));
diesel::joinable!(model_version -> registered_model (model_id));
diesel::joinable!(run_dataset -> dataset (dataset_id));

diesel::allow_tables_to_appear_in_same_query!(
    experiment,
    experiment_tag,
    run,
    key,
    metric_latest,
    metric_tail,
    metric_chunk,
    param,
    run_tag,
    dataset,
    run_dataset,
    run_dataset_tag,
    run_model_input,
    run_model_output,
    logged_model,
    logged_model_param,
    logged_model_tag,
    logged_model_metric,
    registered_model,
    registered_model_tag,
    registered_model_alias,
    model_version,
    model_version_tag,
    carried_source,
    carried,
);
