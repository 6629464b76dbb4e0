"""Experiments through `MlflowClient`."""

import pytest
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException


@pytest.fixture
def given_experiments(client, unique):
    def build(*names, tags=None):
        return [client.create_experiment(f"{unique}-{name}", tags=tags) for name in names]

    return build


def names(experiments):
    return [experiment.name.split("-", 1)[1] for experiment in experiments]


def test_the_default_experiment_is_there_from_the_start(client):
    assert client.get_experiment("0").name == "Default"


def test_a_created_experiment_is_found_by_id_and_by_name(client, unique):
    made = client.create_experiment(unique, tags={"team": "blue"})
    for found in (client.get_experiment(made), client.get_experiment_by_name(unique)):
        assert (found.experiment_id, found.name, found.lifecycle_stage) == (made, unique, "active")
        assert found.tags == {"team": "blue"}
    assert client.get_experiment(made).artifact_location == f"mlflow-artifacts:/{made}"


def test_a_given_artifact_location_is_kept(client, unique):
    made = client.create_experiment(unique, artifact_location=f"mlflow-artifacts:/elsewhere/{unique}")
    assert client.get_experiment(made).artifact_location == f"mlflow-artifacts:/elsewhere/{unique}"


def test_an_experiment_knows_when_it_was_created_and_changed(client, unique):
    made = client.create_experiment(unique)
    created = client.get_experiment(made)
    client.rename_experiment(made, f"{unique} renamed")
    renamed = client.get_experiment(made)
    assert renamed.creation_time == created.creation_time > 1_600_000_000_000
    assert renamed.last_update_time >= created.last_update_time
    assert renamed.name == f"{unique} renamed"


def test_an_unknown_name_is_answered_with_none(client, unique):
    assert client.get_experiment_by_name(unique) is None


def test_an_unknown_id_does_not_exist(client, refused):
    with refused("RESOURCE_DOES_NOT_EXIST", "No Experiment with id=987654321 exists"):
        client.get_experiment("987654321")


def test_a_name_is_taken_once(client, unique, refused):
    client.create_experiment(unique)
    with refused("RESOURCE_ALREADY_EXISTS", "already exists"):
        client.create_experiment(unique)


def test_the_name_of_a_deleted_experiment_stays_taken(client, unique, refused):
    client.delete_experiment(client.create_experiment(unique))
    with refused("RESOURCE_ALREADY_EXISTS", "already exists"):
        client.create_experiment(unique)


def test_renaming_to_a_taken_name_is_a_bad_request(client, given_experiments, unique, refused):
    first, _second = given_experiments("first", "second")
    with refused("BAD_REQUEST"):
        client.rename_experiment(first, f"{unique}-second")


def test_a_deleted_experiment_can_be_restored(client, unique):
    made = client.create_experiment(unique)
    client.delete_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "deleted"
    client.restore_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "active"


def test_deleting_twice_or_restoring_an_active_one_is_not_found(client, unique, refused):
    made = client.create_experiment(unique)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.restore_experiment(made)
    client.delete_experiment(made)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_experiment(made)


def test_a_deleted_experiment_cannot_be_renamed(client, unique):
    made = client.create_experiment(unique)
    client.delete_experiment(made)
    with pytest.raises(MlflowException):
        client.rename_experiment(made, f"{unique} again")
    assert client.get_experiment(made).name == unique


def test_deletion_and_restoration_cascade_to_runs(client, experiment, run_id):
    client.delete_experiment(experiment.experiment_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    client.restore_experiment(experiment.experiment_id)
    assert client.get_run(run_id).info.lifecycle_stage == "active"


def test_a_tag_is_overwritten(client, experiment):
    client.set_experiment_tag(experiment.experiment_id, "stage", "draft")
    client.set_experiment_tag(experiment.experiment_id, "stage", "größer ✓")
    assert client.get_experiment(experiment.experiment_id).tags["stage"] == "größer ✓"


@pytest.mark.since("3.11.1")
def test_a_tag_can_be_deleted(client, experiment):
    client.set_experiment_tag(experiment.experiment_id, "stage", "draft")
    client.delete_experiment_tag(experiment.experiment_id, "stage")
    assert "stage" not in client.get_experiment(experiment.experiment_id).tags


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("name LIKE '{u}-a%'", ["a2", "a1"]),
        ("name ILIKE '{u}-A%'", ["a2", "a1"]),
        ("name = '{u}-b1'", ["b1"]),
        ("name LIKE '{u}-%' AND name != '{u}-b1'", ["a2", "a1"]),
        ("name LIKE '{u}-%' AND tags.kind = 'odd'", []),
        ("name LIKE '{u}-%' AND tag.kind LIKE 'pl%'", ["b1", "a2", "a1"]),
    ],
)
def test_a_search_filters(client, given_experiments, unique, condition, expected):
    for name in ("a1", "a2", "b1"):
        given_experiments(name, tags={"kind": "plain"})
    found = client.search_experiments(filter_string=condition.format(u=unique), order_by=["name DESC"])
    assert sorted(names(found)) == sorted(expected)


def test_a_search_orders_by_name_both_ways(client, given_experiments, unique):
    given_experiments("b", "a", "c")
    mine = f"name LIKE '{unique}-%'"
    assert names(client.search_experiments(filter_string=mine, order_by=["name"])) == ["a", "b", "c"]
    assert names(client.search_experiments(filter_string=mine, order_by=["name DESC"])) == ["c", "b", "a"]


def test_a_search_pages_without_gap_or_repeat(client, given_experiments, unique):
    given_experiments(*"abcde")
    seen, token = [], None
    for _page in range(5):
        page = client.search_experiments(
            filter_string=f"name LIKE '{unique}-%'", order_by=["name"], max_results=2, page_token=token
        )
        seen += names(page)
        token = page.token
        if not token:
            break
    assert seen == list("abcde")


def test_a_search_shows_the_asked_lifecycle(client, given_experiments, unique):
    gone, _kept = given_experiments("gone", "kept")
    client.delete_experiment(gone)

    def view(view_type):
        return names(client.search_experiments(view_type, filter_string=f"name LIKE '{unique}-%'", order_by=["name"]))

    assert view(ViewType.ACTIVE_ONLY) == ["kept"]
    assert view(ViewType.DELETED_ONLY) == ["gone"]
    assert view(ViewType.ALL) == ["gone", "kept"]


@pytest.mark.parametrize("condition", ["name > 'x'", "bogus = 'x'", "name = 'a' OR name = 'b' OR", "params.x = 'y'"])
def test_a_bad_filter_is_an_invalid_parameter(client, refused, condition):
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_experiments(filter_string=condition)


def test_a_bad_page_token_is_an_invalid_parameter(client, refused):
    with refused("INVALID_PARAMETER_VALUE", "Invalid page token"):
        client.search_experiments(page_token="not a token")
