//! Metrics of logged models, as runs log them.

use tidemill_core::logged_models::ModelMetric;
use tidemill_core::metrics::Metric;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use super::given;
use super::logged_models_create::given_logged_model;

async fn a_model_has_every_point_that_runs_logged_for_it(store: Store) {
    let model = given_logged_model(&store).await;
    let run = given::run_in(&store, model.experiment_id).await;
    for (value, timestamp) in [(0.5, 5), (f64::NAN, 6), (0.5, 5)] {
        let metric = Metric {
            model_id: Some(model.id.clone()),
            dataset_name: Some("d".into()),
            dataset_digest: Some("x".into()),
            ..Metric::new("acc", value, timestamp, 1).unwrap()
        };
        store.log_metric(run.clone(), metric).await.unwrap();
    }
    let read = store.get_logged_model(model.id).await.unwrap();
    let point = |value, timestamp| ModelMetric {
        key: "acc".into(),
        value,
        timestamp,
        step: 1,
        run_id: run.0.clone(),
        dataset_name: Some("d".into()),
        dataset_digest: Some("x".into()),
    };
    // MLflow keeps 0 for NaN here.
    assert_eq!(read.metrics, [point(0.5, 5), point(0.0, 6)]);
}

on_every_database!(a_model_has_every_point_that_runs_logged_for_it);
