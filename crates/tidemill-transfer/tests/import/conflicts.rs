//! Things that change on one side or on both.

use tidemill_core::transfer::Kind;
use tidemill_testkit::TestDatabase;
use tidemill_transfer::{Import, OnConflict};

use crate::given::{Given, import_of, opened, written};

#[test]
fn what_changes_in_the_source_comes_with_the_next_import() {
    let (given, target) = (Given::with(""), TestDatabase::sqlite());
    given.import_into(&target, OnConflict::Fail);
    assert_eq!(written(&given.import_into(&target, OnConflict::Fail)), 0);
    given.execute(
        "INSERT INTO metrics VALUES ('loss', 9, 90, 'r2', 0, 0);
         UPDATE experiments SET name = 'other', last_update_time = 13;
         UPDATE model_versions SET current_stage = 'Archived' WHERE version = 1;
         INSERT INTO runs VALUES ('r4', 'new', 'me', 'FINISHED', 1, 2, NULL, 'active', 'x', 7);",
    );
    let report = given.import_into(&target, OnConflict::Fail);
    assert_eq!(written(&report), 4, "{report}");
    assert_eq!(report.kinds[&Kind::Run].updated, 1);
    assert!(report.is_good(), "{report}");
    assert!(given.verified(&target).is_good());
}

/// Both sides change the same run.
fn changed_on_both_sides() -> (Given, TestDatabase) {
    let (given, target) = (Given::with(""), TestDatabase::sqlite());
    given.import_into(&target, OnConflict::Fail);
    target.execute("UPDATE param SET value = 'mine' WHERE value = '0.1'");
    given.execute("UPDATE params SET value = 'theirs' WHERE value = '0.1'");
    (given, target)
}

#[test]
fn a_conflict_is_reported_with_both_sides_and_changes_nothing() {
    let (given, target) = changed_on_both_sides();
    for _ in 0..2 {
        let report = given.import_into(&target, OnConflict::Fail);
        assert!(!report.is_good());
        let text = report.to_string();
        assert!(
            text.contains("param lr: \"theirs\" in the source, \"mine\" here"),
            "{text}"
        );
        assert_eq!(report.kinds[&Kind::Run].conflicts, 1);
    }
    assert!(!given.verified(&target).is_good());
}

#[test]
fn a_conflict_is_settled_by_the_rule() {
    let (given, target) = changed_on_both_sides();
    let report = given.import_into(&target, OnConflict::Keep);
    assert_eq!(report.kinds[&Kind::Run].kept, 1, "{report}");
    assert!(report.is_good(), "{report}");
    let verified = given.verified(&target);
    assert!(!verified.is_good());
    let how = "param lr: \"theirs\" in the source, \"mine\" here";
    assert!(verified.to_string().contains(how), "{verified}");
    // It was settled, and is no conflict any more until the source changes again.
    assert!(given.import_into(&target, OnConflict::Fail).is_good());
    given.execute("UPDATE params SET value = 'again' WHERE value = 'theirs'");
    assert!(!given.import_into(&target, OnConflict::Fail).is_good());
    let report = given.import_into(&target, OnConflict::Replace);
    assert_eq!(report.kinds[&Kind::Run].replaced, 1, "{report}");
    assert!(given.verified(&target).is_good());
}

#[test]
fn what_was_changed_only_here_stays_and_is_no_conflict() {
    let (given, target) = (Given::with(""), TestDatabase::sqlite());
    given.import_into(&target, OnConflict::Fail);
    target.execute(
        "UPDATE param SET value = 'mine' WHERE value = '0.1';
         UPDATE registered_model SET description = 'mine';
         UPDATE experiment SET last_update_time = 99 WHERE id = 7",
    );
    for rule in [OnConflict::Fail, OnConflict::Replace] {
        let report = given.import_into(&target, rule);
        assert!(report.is_good(), "{report}");
        assert_eq!(written(&report), 0, "{report}");
        assert_eq!(
            report.kinds[&Kind::RegisteredModel].changed_here,
            1,
            "{report}"
        );
        assert_eq!(report.kinds[&Kind::Experiment].changed_here, 1, "{report}");
    }
}

#[test]
fn experiments_that_pass_on_their_names_follow() {
    let (given, target) = (Given::with(""), TestDatabase::sqlite());
    given.execute("INSERT INTO experiments VALUES (8, 'b', 'x', 'active', 1, 1)");
    given.import_into(&target, OnConflict::Fail);
    given.execute(
        "UPDATE experiments SET name = 'c' WHERE experiment_id = 8;
         UPDATE experiments SET name = 'b' WHERE experiment_id = 7",
    );
    let report = given.import_into(&target, OnConflict::Fail);
    assert!(report.is_good(), "{report}");
    assert!(given.verified(&target).is_good());
}

#[test]
fn an_experiment_of_the_same_number_and_another_name_is_not_merged() {
    let (given, target) = (Given::with(""), TestDatabase::sqlite());
    drop(target.open());
    target.execute("INSERT INTO experiment VALUES (7, 'ours', 'x', 1, 1, 1)");
    for rule in [OnConflict::Keep, OnConflict::Replace] {
        let report = given.import_into(&target, rule);
        assert!(!report.is_good());
        assert_eq!(report.kinds[&Kind::Run].left_out, 3, "{report}");
        assert_eq!(report.kinds[&Kind::Run].added, 0, "{report}");
    }
}

#[test]
fn a_name_that_another_number_has_is_not_merged() {
    let (given, target) = (Given::with(""), TestDatabase::sqlite());
    drop(target.open());
    target.execute("INSERT INTO experiment VALUES (8, 'größe', 'x', 1, 1, 1)");
    let report = given.import_into(&target, OnConflict::Replace);
    assert!(
        report.to_string().contains("belongs to experiment 8 here"),
        "{report}"
    );
    assert_eq!(report.kinds[&Kind::Run].left_out, 3, "{report}");
}

/// One model deleted, one renamed.
const GONE: &str = "
    DELETE FROM model_versions WHERE name = 'm'; DELETE FROM model_version_tags;
    DELETE FROM registered_model_tags; DELETE FROM registered_models WHERE name = 'm';
    UPDATE registered_models SET name = 'new' WHERE name = 'old';";

const OLD: &str = "INSERT INTO registered_models VALUES ('old', 1, 2, NULL)";

fn models(target: &TestDatabase) -> Vec<String> {
    let mut source = opened(&target.uri()).unwrap();
    let found = source.registered_models(None, 10, &mut Vec::new()).unwrap();
    found.into_iter().map(|model| model.name).collect()
}

fn models_that_are_gone_go_here_too(target: &TestDatabase) {
    let given = Given::with(OLD);
    given.import_into(target, OnConflict::Fail);
    given.execute(GONE);
    let verified = given.verified(target);
    assert!(verified.to_string().contains("not in the source any more"));
    let told: Vec<&str> = verified
        .differences
        .first
        .iter()
        .map(|one| &*one.what)
        .collect();
    assert_eq!(verified.differences.count, 3, "{verified}");
    assert!(told.contains(&"registered model m") && told.contains(&"registered model old"));

    let dry = Import {
        dry_run: true,
        ..import_of(target)
    };
    let report = dry.run(&mut *given.source(), |_| {}).unwrap();
    assert_eq!(report.kinds[&Kind::RegisteredModel].removed, 2, "{report}");
    let part = Import {
        models: vec![String::from("new")],
        ..import_of(target)
    };
    let report = part.run(&mut *given.source(), |_| {}).unwrap();
    assert_eq!(report.kinds[&Kind::RegisteredModel].removed, 0, "{report}");
    assert_eq!(models(target), ["m", "new", "old"]);

    let report = given.import_into(target, OnConflict::Fail);
    assert_eq!(report.kinds[&Kind::RegisteredModel].removed, 2, "{report}");
    assert_eq!(models(target), ["new"]);
    assert!(given.verified(target).is_good());
    assert_eq!(written(&given.import_into(target, OnConflict::Fail)), 0);
}

#[test]
fn models_that_are_gone_go_in_sqlite_too() {
    models_that_are_gone_go_here_too(&TestDatabase::sqlite());
}

#[cfg(feature = "postgres")]
#[test]
fn models_that_are_gone_go_in_postgres_too() {
    if let Some(target) = TestDatabase::postgres() {
        models_that_are_gone_go_here_too(&target);
    }
}

#[cfg(feature = "mysql")]
#[test]
fn models_that_are_gone_go_in_mysql_too() {
    if let Some(target) = TestDatabase::mysql() {
        models_that_are_gone_go_here_too(&target);
    }
}

#[test]
fn a_model_that_is_gone_and_was_changed_here_is_a_conflict() {
    let given = Given::with(OLD);
    let target = TestDatabase::sqlite();
    given.import_into(&target, OnConflict::Fail);
    target.execute("UPDATE registered_model SET description = 'mine' WHERE name = 'm'");
    given.execute(GONE);
    for (rule, left) in [
        (OnConflict::Fail, &["m", "new"][..]),
        (OnConflict::Keep, &["m", "new"]),
        (OnConflict::Replace, &["new"]),
    ] {
        let report = given.import_into(&target, rule);
        assert_eq!(report.is_good(), rule != OnConflict::Fail, "{report}");
        assert_eq!(models(&target), left, "{rule:?}");
    }
}

/// What MLflow's servers do not tell: when a run was deleted, that a version was, and that a
/// description is empty.
const UNTOLD: &str = "UPDATE runs SET deleted_time = NULL;
    DELETE FROM model_versions WHERE current_stage = 'Deleted_Internal';
    UPDATE registered_models SET description = NULL;";

#[test]
fn what_servers_do_not_tell_is_no_conflict_and_comes_with_the_database() {
    let (server, database) = (Given::with(UNTOLD), Given::with(""));
    database.execute("UPDATE registered_models SET description = ''");
    let target = TestDatabase::sqlite();
    for (source, changed) in [(&server, 5), (&database, 2), (&server, 0), (&database, 0)] {
        let report = source.import_into(&target, OnConflict::Fail);
        assert!(report.is_good(), "{report}");
        assert_eq!(written(&report), changed, "{report}");
        assert!(server.verified(&target).is_good());
        let verified = database.verified(&target);
        let text = verified.to_string();
        for lost in [
            "deleted time: 9 in the source, nothing here",
            "last version: 2 in the source, 1 here",
        ] {
            assert_eq!(text.contains(lost), changed == 5, "{text}");
        }
        assert_eq!(verified.is_good(), changed < 5, "{text}");
    }
    assert_eq!(last_version(&target), 2);

    // A number that was given stays given.
    server.execute("UPDATE registered_models SET description = 'something'");
    let text = server.verified(&target).to_string();
    let how = "description: \"something\" in the source, nothing here";
    assert!(text.contains(how), "{text}");
    assert_eq!(
        written(&server.import_into(&target, OnConflict::Replace)),
        1
    );
    assert_eq!(last_version(&target), 2);
}

fn last_version(target: &TestDatabase) -> i64 {
    let mut source = opened(&target.uri()).unwrap();
    source.registered_models(None, 10, &mut Vec::new()).unwrap()[0].last_version
}

/// A file that was made anew under the old name must not empty the registry.
#[test]
fn a_source_without_any_model_takes_none_along() {
    let given = Given::with(OLD);
    let target = TestDatabase::sqlite();
    given.import_into(&target, OnConflict::Fail);
    given.execute(GONE);
    given.execute("DELETE FROM registered_models");
    for rule in [OnConflict::Fail, OnConflict::Keep] {
        let report = given.import_into(&target, rule);
        assert_eq!(report.is_good(), rule == OnConflict::Keep, "{report}");
        assert_eq!(models(&target), ["m", "old"], "{rule:?}");
    }
    given.import_into(&target, OnConflict::Replace);
    assert!(models(&target).is_empty());
}

#[test]
fn nothing_goes_while_something_is_broken() {
    let given = Given::with(OLD);
    let target = TestDatabase::sqlite();
    given.import_into(&target, OnConflict::Fail);
    given.execute(GONE);
    given.execute("INSERT INTO registered_models VALUES (CAST(x'ff41' AS TEXT), 1, 2, NULL)");
    let report = given.import_into(&target, OnConflict::Fail);
    assert!(report.faults.count > 0, "{report}");
    assert!(models(&target).contains(&String::from("m")));
}

#[test]
fn the_default_experiment_is_carried_once() {
    let given = Given::with("INSERT INTO experiments VALUES (0, 'Default', 'x', 'active', 5, 5)");
    let target = TestDatabase::sqlite();
    given.import_into(&target, OnConflict::Fail);
    let report = given.import_into(&target, OnConflict::Fail);
    assert_eq!(report.kinds[&Kind::Experiment].unchanged, 2, "{report}");
}
