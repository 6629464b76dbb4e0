//! `runs/log-batch` and its single forms: all or nothing.

use tidemill_core::Error;
use tidemill_core::metrics::Metric;
use tidemill_core::runs::RunId;
use tidemill_core::tags::{RUN_NAME, Tag};
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given;
use crate::log_given::{batch, history, metric, param, point};

async fn a_batch_is_recorded_whole(store: Store) {
    let run = given::run(&store).await;
    let metrics = vec![
        metric("m", point(1, 10, 0.5)),
        metric("m", point(2, 20, 0.25)),
    ];
    let params = vec![param("lr", "0.1"), param("empty", "")];
    let tags = vec![Tag::new("team", "a"), Tag::new("team", "b")];
    let logged = batch(metrics, params, tags);
    store.log_batch(run.clone(), logged).await.unwrap();

    let stored = given::stored(&store, &run).await;
    assert_eq!(stored.metrics.len(), 1);
    assert_eq!(stored.metrics[0].point(), point(2, 20, 0.25));
    let mut params = stored.params;
    params.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(params, [param("empty", ""), param("lr", "0.1")]);
    assert!(stored.tags.contains(&Tag::new("team", "b")));
    assert_eq!(history(&store, &run).await.len(), 2);
}
on_every_database!(a_batch_is_recorded_whole);

async fn the_largest_batch_is_recorded(store: Store) {
    let run = given::run(&store).await;
    let metrics = (0..900).map(|i| metric(&format!("m{i}"), point(i, i, i as f64)));
    let params = (0..50).map(|i| param(&format!("p{i}"), "v"));
    let tags = (0..50).map(|i| Tag::new(format!("t{i}"), "v"));
    let logged = batch(metrics.collect(), params.collect(), tags.collect());
    store.log_batch(run.clone(), logged.clone()).await.unwrap();
    store.log_batch(run.clone(), logged).await.unwrap();
    let stored = given::stored(&store, &run).await;
    assert_eq!((stored.metrics.len(), stored.params.len()), (900, 50));
    assert_eq!(stored.tags.len(), 51);
}
on_every_database!(the_largest_batch_is_recorded);

async fn a_refused_param_leaves_nothing_of_its_batch(store: Store) {
    let run = given::run(&store).await;
    store
        .log_param(run.clone(), param("lr", "1"))
        .await
        .unwrap();
    let logged = batch(
        vec![metric("m", point(1, 1, 1.0))],
        vec![param("depth", "3"), param("lr", "2")],
        vec![Tag::new("team", "a")],
    );
    let error = store.log_batch(run.clone(), logged).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Changing param values is not allowed. Params were already logged='[{{'key': 'lr', \
             'old_value': '1', 'new_value': '2'}}]' for run ID='{run}'."
        )
    );
    let stored = given::stored(&store, &run).await;
    assert_eq!(stored.params, [param("lr", "1")]);
    assert_eq!(stored.tags.len(), 1);
    assert!(stored.metrics.is_empty());
    assert!(history(&store, &run).await.is_empty());
}
on_every_database!(a_refused_param_leaves_nothing_of_its_batch);

async fn a_param_may_be_logged_again_but_not_changed(store: Store) {
    let run = given::run(&store).await;
    store
        .log_param(run.clone(), param("lr", "1"))
        .await
        .unwrap();
    store
        .log_param(run.clone(), param("lr", "1"))
        .await
        .unwrap();
    let error = store.log_param(run.clone(), param("lr", "2")).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        format!(
            "Changing param values is not allowed. Param with key='lr' was already logged with \
             value='1' for run ID='{run}'. Attempted logging new value '2'."
        )
    );
}
on_every_database!(a_param_may_be_logged_again_but_not_changed);

async fn of_two_values_for_a_param_at_once_one_is_refused(store: Store) {
    let run = given::run(&store).await;
    for round in 0..20 {
        let key = format!("p{round}");
        let (a, b) = tokio::join!(
            store.log_param(run.clone(), param(&key, "a")),
            store.log_param(run.clone(), param(&key, "b")),
        );
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    }
}
on_every_database!(of_two_values_for_a_param_at_once_one_is_refused);

async fn an_unknown_run_is_not_found(store: Store) {
    let logged = store
        .log_metric(RunId::from("nope"), metric("m", point(1, 1, 1.0)))
        .await;
    assert_eq!(
        logged.unwrap_err().to_string(),
        "Run with id=nope not found"
    );
}
on_every_database!(an_unknown_run_is_not_found);

async fn a_deleted_run_is_not_written_to(store: Store) {
    let run = given::run(&store).await;
    store.delete_run(run.clone()).await.unwrap();
    let words = format!("The run {run} must be in the 'active' state. Current state is deleted.");
    let logged = [
        store
            .log_metric(run.clone(), metric("m", point(1, 1, 1.0)))
            .await,
        store.log_param(run.clone(), param("p", "1")).await,
        store.set_tag(run.clone(), Tag::new("t", "1")).await,
        store.set_tag(run.clone(), Tag::new(RUN_NAME, "n")).await,
        store.delete_tag(run.clone(), RUN_NAME.into()).await,
    ];
    for logged in logged {
        assert_eq!(logged.unwrap_err().to_string(), words);
    }
    assert!(history(&store, &run).await.is_empty());
}
on_every_database!(a_deleted_run_is_not_written_to);

async fn failures_do_not_reach_others_in_a_group(store: Store) {
    let run = given::run(&store).await;
    store
        .log_param(run.clone(), param("lr", "1"))
        .await
        .unwrap();
    let mut tasks = Vec::new();
    for i in 0..60 {
        let (store, run) = (store.clone(), run.clone());
        tasks.push(tokio::spawn(async move {
            match i % 3 {
                0 => store
                    .log_metric(run, metric("m", point(i, i, 1.0)))
                    .await
                    .is_ok(),
                1 => store.log_param(run, param("lr", "2")).await.is_err(),
                _ => store
                    .set_tag(RunId::from("nope"), Tag::new("t", "v"))
                    .await
                    .is_err(),
            }
        }));
    }
    for task in tasks {
        assert!(task.await.unwrap());
    }
    assert_eq!(history(&store, &run).await.len(), 20);
}
on_every_database!(failures_do_not_reach_others_in_a_group);

async fn an_unknown_logged_model_is_refused_with_its_batch(store: Store) {
    let run = given::run(&store).await;
    let of_model = metric("m", point(1, 1, 1.0)).of_model(Some("m-nope".into()), None, None);
    let logged = batch(vec![of_model.unwrap()], vec![param("p", "1")], vec![]);
    let error = store.log_batch(run.clone(), logged).await.unwrap_err();
    assert!(matches!(error, Error::BadRequest(_)), "{error:?}");
    assert!(given::stored(&store, &run).await.params.is_empty());
    assert!(history(&store, &run).await.is_empty());
}
on_every_database!(an_unknown_logged_model_is_refused_with_its_batch);

async fn values_that_only_some_databases_hold_are_a_clear_answer(store: Store) {
    let run = given::run(&store).await;
    let logged = store.log_param(run.clone(), param("p", "a\0b")).await;
    assert!(matches!(logged, Ok(()) | Err(Error::InvalidParameter(_))));
    let logged: Result<(), Error> = store
        .set_tag(run, Tag::new(RUN_NAME, "n".repeat(501)))
        .await;
    assert!(matches!(logged, Ok(()) | Err(Error::InvalidParameter(_))));
}
on_every_database!(values_that_only_some_databases_hold_are_a_clear_answer);

async fn many_may_add_the_same_new_keys_at_once(store: Store) {
    let experiment = given::experiment(&store, "crowded").await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let run = given::run_in(&store, experiment).await;
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let metrics: Vec<Metric> = (0..40)
                .map(|i| metric(&format!("m{i}"), point(1, 1, 1.0)))
                .collect();
            store
                .log_batch(run.clone(), batch(metrics, vec![], vec![]))
                .await?;
            Ok::<_, Error>(given::stored(&store, &run).await.metrics.len())
        }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 40);
    }
}
on_every_database!(many_may_add_the_same_new_keys_at_once);
