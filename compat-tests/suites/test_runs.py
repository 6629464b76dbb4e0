"""Runs, params, tags and their rules through `MlflowClient`."""

import pytest
from mlflow.entities import Metric, Param, RunStatus, RunTag, ViewType


def test_a_new_run_is_running_and_empty(client, experiment, given_run):
    run = client.get_run(given_run(start_time=1234).info.run_id)
    assert run.info.experiment_id == experiment.experiment_id
    assert (run.info.status, run.info.lifecycle_stage) == ("RUNNING", "active")
    assert (run.info.start_time, run.info.end_time) == (1234, None)
    assert run.info.artifact_uri == f"{experiment.artifact_location}/{run.info.run_id}/artifacts"
    assert (run.data.params, run.data.metrics) == ({}, {})


def test_a_run_without_a_name_is_given_one(client, experiment):
    run = client.get_run(client.create_run(experiment.experiment_id).info.run_id)
    assert run.data.tags["mlflow.runName"] == run.info.run_name
    assert len(run.info.run_name.split("-")) == 3


def test_a_terminated_run_has_a_status_and_an_end(client, run_id):
    client.set_terminated(run_id, "FAILED", end_time=5678)
    info = client.get_run(run_id).info
    assert (info.status, info.end_time) == ("FAILED", 5678)


def test_update_run_changes_status_and_name(client, run_id):
    client.update_run(run_id, status="SCHEDULED", name="renamed")
    run = client.get_run(run_id)
    assert run.info.status == RunStatus.to_string(RunStatus.SCHEDULED)
    assert run.info.run_name == run.data.tags["mlflow.runName"] == "renamed"


def test_an_unknown_run_does_not_exist(client, refused):
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.get_run("0" * 32)


def test_a_run_in_an_unknown_experiment_is_refused(client, refused):
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.create_run("987654321")


def test_a_run_in_a_deleted_experiment_is_refused(client, experiment, refused):
    client.delete_experiment(experiment.experiment_id)
    with refused("INVALID_PARAMETER_VALUE", "must be in the 'active' state"):
        client.create_run(experiment.experiment_id)


def test_params_and_tags_are_answered_as_logged(client, run_id):
    client.log_param(run_id, "depth", 3)
    client.log_param(run_id, "name/with.parts -_", "Größe ✓")
    client.set_tag(run_id, "note", "line one\nline two 🚀")
    data = client.get_run(run_id).data
    assert data.params == {"depth": "3", "name/with.parts -_": "Größe ✓"}
    assert data.tags["note"] == "line one\nline two 🚀"


def test_a_param_may_be_repeated_but_not_changed(client, run_id, refused):
    client.log_param(run_id, "depth", 3)
    client.log_param(run_id, "depth", 3)
    with refused("INVALID_PARAMETER_VALUE", "depth"):
        client.log_param(run_id, "depth", 4)
    assert client.get_run(run_id).data.params == {"depth": "3"}


def test_a_changed_param_fails_the_whole_batch_of_params(client, run_id, refused):
    client.log_param(run_id, "a", "1")
    with refused("INVALID_PARAMETER_VALUE"):
        client.log_batch(run_id, params=[Param("a", "2"), Param("b", "1")])
    assert client.get_run(run_id).data.params == {"a": "1"}


def test_a_tag_is_overwritten_and_deleted(client, run_id, refused):
    client.set_tag(run_id, "state", "draft")
    client.set_tag(run_id, "state", "final")
    assert client.get_run(run_id).data.tags["state"] == "final"
    client.delete_tag(run_id, "state")
    assert "state" not in client.get_run(run_id).data.tags
    with refused("RESOURCE_DOES_NOT_EXIST", "No tag with name: state"):
        client.delete_tag(run_id, "state")


def test_the_last_of_two_equal_tags_in_a_batch_wins(client, run_id):
    client.log_batch(run_id, tags=[RunTag("state", "first"), RunTag("state", "last")])
    assert client.get_run(run_id).data.tags["state"] == "last"


def test_long_params_are_cut_to_6000_characters(client, run_id):
    client.log_batch(run_id, params=[Param("long", "x" * 7000)])
    assert client.get_run(run_id).data.params["long"] == "x" * 6000


def test_long_tags_are_cut_to_8000_characters(client, run_id):
    client.log_batch(run_id, tags=[RunTag("long", "ü" * 9000)])
    assert client.get_run(run_id).data.tags["long"] == "ü" * 8000


@pytest.mark.parametrize("key", ["../up", "/absolute", "a//b", "a#b", "a?b", "."])
def test_a_bad_key_is_an_invalid_parameter(client, run_id, refused, key):
    for log in (client.log_param, client.set_tag, lambda run, key, _: client.log_metric(run, key, 1.0)):
        with refused("INVALID_PARAMETER_VALUE"):
            log(run_id, key, "value")


def test_a_key_of_250_characters_is_the_longest(client, run_id, refused):
    client.log_param(run_id, "k" * 250, "v")
    with refused("INVALID_PARAMETER_VALUE", "exceeds"):
        client.log_param(run_id, "k" * 251, "v")


def test_a_batch_of_1000_metrics_is_taken_at_once(client, run_id):
    client.log_batch(run_id, metrics=[Metric(f"m{i}", i, 1, 0) for i in range(1000)])
    metrics = client.get_run(run_id).data.metrics
    assert len(metrics) == 1000 and metrics["m999"] == 999.0


def test_a_batch_holds_100_params_and_100_tags(client, run_id):
    client.log_batch(
        run_id,
        params=[Param(f"p{i}", str(i)) for i in range(100)],
        tags=[RunTag(f"t{i}", str(i)) for i in range(100)],
        metrics=[Metric(f"m{i}", i, 1, 0) for i in range(800)],
    )
    data = client.get_run(run_id).data
    assert (len(data.params), data.tags["t99"], len(data.metrics)) == (100, "99", 800)


def test_delete_and_restore_are_idempotent(client, run_id):
    for change, stage in ((client.delete_run, "deleted"), (client.restore_run, "active")):
        change(run_id)
        change(run_id)
        assert client.get_run(run_id).info.lifecycle_stage == stage


def test_a_deleted_run_takes_no_writes(client, run_id, refused):
    client.delete_run(run_id)
    for write in (client.log_param, client.set_tag):
        with refused("INVALID_PARAMETER_VALUE", "must be in the 'active' state"):
            write(run_id, "key", "value")


def test_a_deleted_run_is_only_in_searches_that_ask_for_it(client, experiment, given_run):
    kept, gone = given_run(start_time=1).info.run_id, given_run(start_time=2).info.run_id
    client.delete_run(gone)

    def view(view_type):
        return [run.info.run_id for run in client.search_runs([experiment.experiment_id], run_view_type=view_type)]

    assert view(ViewType.ACTIVE_ONLY) == [kept]
    assert view(ViewType.DELETED_ONLY) == [gone]
    assert view(ViewType.ALL) == [gone, kept]


@pytest.mark.since("2.22.5")
def test_a_nested_run_knows_its_parent(client, given_run):
    parent = given_run().info.run_id
    child = given_run(tags={"mlflow.parentRunId": parent}).info.run_id
    assert client.get_parent_run(child).info.run_id == parent
    assert client.get_parent_run(parent) is None
