//! Purging what was deleted.

use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::LifecycleStage::{Active, Deleted};
use tidemill_core::logged_models::{LoggedModel, NewLoggedModel};
use tidemill_core::runs::RunId;
use tidemill_store::Store;
use tidemill_store::gc::{Kind, Purged, Scope};
use tidemill_testkit::on_every_database;

use crate::given::{self, input, refusal, stored};
use crate::registry_given::{given_model, given_version};

/// Everything that is deleted by now.
fn everything() -> Scope {
    Scope {
        cutoff: i64::MAX,
        ..Scope::default()
    }
}

/// What was deleted before anything was.
fn nothing() -> Scope {
    Scope {
        cutoff: 1,
        ..Scope::default()
    }
}

async fn expired(store: &Store, kind: Kind, scope: Scope) -> Vec<String> {
    let found = store.expired(kind, scope, 0).await.unwrap();
    found.into_iter().map(|found| found.id).collect()
}

async fn number(store: &Store, kind: Kind, id: &str) -> i64 {
    let places = store.places(kind, 0).await.unwrap();
    places.iter().find(|place| place.id == id).unwrap().number
}

async fn deleted_run(store: &Store) -> (RunId, i64) {
    let run = given::run(store).await;
    store.delete_run(run.clone()).await.unwrap();
    let number = number(store, Kind::Run, run.as_str()).await;
    (run, number)
}

async fn model_in(store: &Store, experiment: ExperimentId) -> LoggedModel {
    let text = String::new;
    let new = NewLoggedModel::new(experiment, Some("m".into()), text(), text(), vec![], vec![]);
    store.create_logged_model(new.unwrap()).await.unwrap()
}

/// Claims and removes everything of a kind: how many.
async fn purge(store: &Store, kind: Kind, scope: Scope) -> u64 {
    let cutoff = scope.cutoff;
    let found = store.expired(kind, scope, 0).await.unwrap();
    let numbers = found.iter().map(|found| found.number).collect();
    let claimed = store.claim(kind, numbers, cutoff).await.unwrap();
    store.remove(kind, claimed).await.unwrap().things
}

async fn only_what_was_deleted_long_enough_ago_may_go(store: Store) {
    let (run, _) = deleted_run(&store).await;
    given::run(&store).await;
    assert_eq!(expired(&store, Kind::Run, everything()).await, [run.0]);
    assert!(expired(&store, Kind::Run, nothing()).await.is_empty());
}

async fn a_run_that_was_restored_before_the_claim_stays(store: Store) {
    let (run, number) = deleted_run(&store).await;
    store.restore_run(run.clone()).await.unwrap();
    let claimed = store
        .claim(Kind::Run, vec![number], i64::MAX)
        .await
        .unwrap();
    assert!(claimed.is_empty());
    let removed = store.remove(Kind::Run, vec![number]).await.unwrap();
    assert_eq!(removed.things, 0);
    assert_eq!(stored(&store, &run).await.info.stage, Active);
}

async fn a_run_that_was_deleted_anew_before_the_claim_stays(store: Store) {
    let (run, number) = deleted_run(&store).await;
    let claimed = store.claim(Kind::Run, vec![number], 1).await.unwrap();
    assert!(claimed.is_empty());
    store.restore_run(run).await.unwrap();
}

async fn what_is_claimed_cannot_be_brought_back(store: Store) {
    let (run, number) = deleted_run(&store).await;
    let experiment = stored(&store, &run).await.info.experiment_id;
    let claimed = store
        .claim(Kind::Run, vec![number], i64::MAX)
        .await
        .unwrap();
    assert_eq!(claimed, [number]);
    let gone = format!("NotFound: Run with id={run} not found");
    assert_eq!(refusal(store.restore_run(run.clone()).await), gone);
    assert_eq!(refusal(store.delete_run(run.clone()).await), gone);
    store.delete_experiment(experiment).await.unwrap();
    store.restore_experiment(experiment).await.unwrap();
    assert_eq!(stored(&store, &run).await.info.stage, Deleted);
    // It is found again, however long ago it was deleted.
    assert_eq!(
        expired(&store, Kind::Run, nothing()).await,
        std::slice::from_ref(&run.0)
    );
    assert_eq!(purge(&store, Kind::Run, nothing()).await, 1);
    assert_eq!(refusal(store.get_run(run).await), gone);
}

async fn a_claim_that_is_given_up_changes_nothing(store: Store) {
    let (run, number) = deleted_run(&store).await;
    store
        .claim(Kind::Run, vec![number], i64::MAX)
        .await
        .unwrap();
    store.release(Kind::Run, number, false).await.unwrap();
    assert_eq!(stored(&store, &run).await.info.stage, Deleted);
    store.restore_run(run.clone()).await.unwrap();
    // Giving up what was not claimed changes nothing either.
    store.release(Kind::Run, number, false).await.unwrap();
    assert_eq!(stored(&store, &run).await.info.stage, Active);
}

async fn a_dataset_goes_with_the_last_run_that_read_it(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    let runs = [
        given::run_in(&store, experiment).await,
        given::run_in(&store, experiment).await,
    ];
    for run in &runs {
        let inputs = vec![input("d", "1", "s", &[])];
        store.log_inputs(run.clone(), inputs, vec![]).await.unwrap();
    }
    for (run, datasets) in runs.into_iter().zip([0, 1]) {
        store.delete_run(run.clone()).await.unwrap();
        let number = number(&store, Kind::Run, run.as_str()).await;
        store
            .claim(Kind::Run, vec![number], i64::MAX)
            .await
            .unwrap();
        let removed = store.remove(Kind::Run, vec![number]).await.unwrap();
        assert_eq!((removed.things, removed.datasets), (1, datasets));
    }
}

async fn an_experiment_goes_when_nothing_is_left_in_it(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    let run = given::run_in(&store, experiment).await;
    let model = model_in(&store, experiment).await;
    let goes = |scope: Scope| store.purge_experiment(experiment, scope.cutoff);
    assert_eq!(goes(everything()).await.unwrap(), Purged::NoLonger);
    store.delete_experiment(experiment).await.unwrap();
    assert_eq!(goes(nothing()).await.unwrap(), Purged::NoLonger);
    assert_eq!(goes(everything()).await.unwrap(), Purged::NotEmpty);
    // The logged model was not deleted itself.
    assert_eq!(expired(&store, Kind::Model, everything()).await, [model.id]);
    assert_eq!(purge(&store, Kind::Model, everything()).await, 1);
    assert_eq!(goes(everything()).await.unwrap(), Purged::NotEmpty);
    assert_eq!(purge(&store, Kind::Run, everything()).await, 1);
    assert_eq!(
        goes(everything()).await.unwrap(),
        Purged::Gone { datasets: 0 }
    );
    assert!(store.get_experiment(experiment).await.is_err());
    assert!(store.get_run(run).await.is_err());
    given::experiment(&store, "a").await;
}

async fn a_restored_run_keeps_its_experiment_s_logged_models(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    let run = given::run_in(&store, experiment).await;
    model_in(&store, experiment).await;
    store.delete_experiment(experiment).await.unwrap();
    store.restore_run(run).await.unwrap();
    assert!(expired(&store, Kind::Model, everything()).await.is_empty());
}

async fn a_logged_model_in_use_stays(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    let [kept, deleted] = [
        model_in(&store, experiment).await,
        model_in(&store, experiment).await,
    ];
    store.delete_logged_model(deleted.id.clone()).await.unwrap();
    assert!(expired(&store, Kind::Model, nothing()).await.is_empty());
    assert_eq!(purge(&store, Kind::Model, everything()).await, 1);
    assert!(
        store
            .get_logged_model_even_deleted(deleted.id)
            .await
            .is_err()
    );
    assert_eq!(
        store.get_logged_model(kept.id.clone()).await.unwrap().id,
        kept.id
    );
}

async fn a_claim_on_a_logged_model_that_goes_with_its_experiment_is_given_up_whole(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    let model = model_in(&store, experiment).await;
    store.delete_experiment(experiment).await.unwrap();
    let found = store.expired(Kind::Model, everything(), 0).await.unwrap();
    assert!(found[0].is_active);
    let numbers = vec![found[0].number];
    assert_eq!(
        store
            .claim(Kind::Model, numbers.clone(), i64::MAX)
            .await
            .unwrap(),
        numbers
    );
    assert!(store.get_logged_model(model.id.clone()).await.is_err());
    store.release(Kind::Model, numbers[0], true).await.unwrap();
    assert_eq!(
        store.get_logged_model(model.id).await.unwrap().stage,
        Active
    );
}

async fn what_is_named_must_be_there_and_deleted_long_enough_ago(store: Store) {
    let (run, _) = deleted_run(&store).await;
    let in_use = given::run(&store).await;
    let experiment = stored(&store, &in_use).await.info.experiment_id;
    let check = async |cutoff, run: &RunId, experiments: &[ExperimentId]| {
        let scope = Scope {
            cutoff,
            runs: vec![run.clone()],
            experiments: experiments.to_vec(),
        };
        store.check_scope(scope).await
    };
    check(i64::MAX, &run, &[]).await.unwrap();
    assert_eq!(
        refusal(check(i64::MAX, &in_use, &[]).await),
        format!(
            "InvalidParameter: Run {in_use} is not deleted. Only what is deleted can be purged."
        )
    );
    let recent = refusal(check(1, &run, &[]).await);
    assert!(recent.starts_with("InvalidParameter: "), "{recent}");
    let unknown = refusal(check(i64::MAX, &"nobody".into(), &[]).await);
    assert_eq!(unknown, "NotFound: Run with id=nobody not found");
    let used = refusal(check(i64::MAX, &run, &[experiment]).await);
    assert!(used.contains("Experiment"), "{used}");
    let unknown = refusal(check(i64::MAX, &run, &[ExperimentId(77)]).await);
    assert_eq!(unknown, "NotFound: No Experiment with id=77 exists");
}

async fn what_is_not_named_stays(store: Store) {
    let (run, _) = deleted_run(&store).await;
    let (other, _) = deleted_run(&store).await;
    let model = model_in(&store, stored(&store, &other).await.info.experiment_id).await;
    store.delete_logged_model(model.id.clone()).await.unwrap();
    let only_run = Scope {
        runs: vec![run.clone()],
        ..everything()
    };
    assert_eq!(
        expired(&store, Kind::Run, only_run.clone()).await,
        std::slice::from_ref(&run.0)
    );
    assert!(
        expired(&store, Kind::Model, only_run.clone())
            .await
            .is_empty()
    );
    assert!(
        store
            .expired_experiments(only_run, -1)
            .await
            .unwrap()
            .is_empty()
    );
    let only_experiment = Scope {
        experiments: vec![stored(&store, &other).await.info.experiment_id],
        ..everything()
    };
    assert_eq!(
        expired(&store, Kind::Run, only_experiment.clone()).await,
        [other.0]
    );
    assert_eq!(
        expired(&store, Kind::Model, only_experiment).await,
        [model.id]
    );
}

async fn the_number_of_a_purged_version_is_not_used_again(store: Store) {
    given_model(&store, "m").await;
    for _ in 0..2 {
        given_version(&store, "m").await;
    }
    store.delete_model_version("m".into(), 2).await.unwrap();
    assert_eq!(store.remove_deleted_versions(1).await.unwrap(), 0);
    assert_eq!(store.count_deleted_versions(i64::MAX).await.unwrap(), 1);
    assert_eq!(store.remove_deleted_versions(i64::MAX).await.unwrap(), 1);
    assert_eq!(store.count_deleted_versions(i64::MAX).await.unwrap(), 0);
    assert_eq!(given_version(&store, "m").await.version, 3);
    assert_eq!(
        store
            .get_model_version("m".into(), 1)
            .await
            .unwrap()
            .version,
        1
    );
}

async fn many_runs_are_found_a_batch_at_a_time(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    for _ in 0..tidemill_store::gc::BATCH + 1 {
        let run = given::run_in(&store, experiment).await;
        store.delete_run(run).await.unwrap();
    }
    let found = store.expired(Kind::Run, everything(), 0).await.unwrap();
    assert_eq!(found.len(), tidemill_store::gc::BATCH);
    let after = found.last().unwrap().number;
    let rest = store.expired(Kind::Run, everything(), after).await.unwrap();
    assert_eq!(rest.len(), 1);
}

on_every_database!(
    only_what_was_deleted_long_enough_ago_may_go,
    a_run_that_was_restored_before_the_claim_stays,
    a_run_that_was_deleted_anew_before_the_claim_stays,
    what_is_claimed_cannot_be_brought_back,
    a_claim_that_is_given_up_changes_nothing,
    a_dataset_goes_with_the_last_run_that_read_it,
    an_experiment_goes_when_nothing_is_left_in_it,
    a_restored_run_keeps_its_experiment_s_logged_models,
    a_logged_model_in_use_stays,
    a_claim_on_a_logged_model_that_goes_with_its_experiment_is_given_up_whole,
    what_is_named_must_be_there_and_deleted_long_enough_ago,
    what_is_not_named_stays,
    the_number_of_a_purged_version_is_not_used_again,
    many_runs_are_found_a_batch_at_a_time,
);
