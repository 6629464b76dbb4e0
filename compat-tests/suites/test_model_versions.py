"""Model versions, their stages and aliases through `MlflowClient`."""

import pytest
from mlflow.exceptions import MlflowException

STAGES = ("None", "Staging", "Production", "Archived")


def test_versions_count_up_from_one(client, model, given_version):
    assert [str(given_version(model).version) for _ in range(3)] == ["1", "2", "3"]


def test_a_version_is_answered_as_created(client, model, given_version, run_id):
    given_version(model, tags={"a": "1"}, description="first ✓", run_link="http://ci/7")
    found = client.get_model_version(model, "1")
    assert (found.name, str(found.version), found.run_id) == (model, "1", run_id)
    assert (found.description, found.tags, found.run_link) == ("first ✓", {"a": "1"}, "http://ci/7")
    assert (found.status, found.current_stage) == ("READY", "None")
    assert found.source == f"{client.get_run(run_id).info.artifact_uri}/model"
    assert found.last_updated_timestamp >= found.creation_timestamp > 1_600_000_000_000


def test_a_version_of_an_unknown_model_does_not_exist(client, given_version, unique, model, refused):
    with refused("RESOURCE_DOES_NOT_EXIST"):
        given_version(unique)
    with refused("RESOURCE_DOES_NOT_EXIST", f"Model Version (name={model}, version=7) not found"):
        client.get_model_version(model, "7")


@pytest.mark.parametrize("source", ["/etc/passwd", "file:///etc", "http://example.org/model", "mlflow-artifacts:/../x"])
def test_a_source_outside_the_run_is_refused(client, model, run_id, refused, source):
    with refused("INVALID_PARAMETER_VALUE"):
        client.create_model_version(model, source, run_id)


def test_the_download_uri_is_the_source(client, model, given_version):
    made = given_version(model)
    assert client.get_model_version_download_uri(model, "1") == made.source


def test_a_description_is_updated(client, model, given_version):
    given_version(model)
    client.update_model_version(model, "1", "better")
    assert client.get_model_version(model, "1").description == "better"


def test_tags_are_set_and_deleted(client, model, given_version):
    given_version(model)
    client.set_model_version_tag(model, "1", "checked", "no")
    client.set_model_version_tag(model, "1", "checked", "yes")
    client.set_model_version_tag(model, "1", "other", "x")
    client.delete_model_version_tag(model, "1", "other")
    assert client.get_model_version(model, "1").tags == {"checked": "yes"}


def test_a_deleted_version_is_gone_and_its_number_is_not_used_again(client, model, given_version, refused):
    given_version(model), given_version(model)
    client.delete_model_version(model, "2")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version(model, "2")
    assert str(given_version(model).version) == "3"


@pytest.mark.parametrize("stage", ["staging", "PRODUCTION", "Archived", "none"])
def test_a_stage_may_be_written_in_any_case(client, model, given_version, stage):
    given_version(model)
    assert client.transition_model_version_stage(model, "1", stage).current_stage == stage.capitalize()
    assert client.get_model_version(model, "1").current_stage == stage.capitalize()


def test_an_unknown_stage_is_an_invalid_parameter(client, model, given_version, refused):
    given_version(model)
    with refused("INVALID_PARAMETER_VALUE", "Invalid Model Version stage: Nowhere"):
        client.transition_model_version_stage(model, "1", "Nowhere")


def test_a_transition_archives_the_versions_it_replaces(client, model, given_version):
    for _ in range(3):
        given_version(model)
    client.transition_model_version_stage(model, "1", "Production")
    client.transition_model_version_stage(model, "2", "Production")
    client.transition_model_version_stage(model, "3", "Production", archive_existing_versions=True)
    stages = [client.get_model_version(model, version).current_stage for version in ("1", "2", "3")]
    assert stages == ["Archived", "Archived", "Production"]


def test_archiving_needs_an_active_stage(client, model, given_version):
    given_version(model)
    with pytest.raises(MlflowException):
        client.transition_model_version_stage(model, "1", "Archived", archive_existing_versions=True)


def test_the_latest_version_of_each_stage_is_found(client, model, given_version):
    for _ in range(5):
        given_version(model)
    for version, stage in (("1", "Staging"), ("2", "Staging"), ("3", "Production")):
        client.transition_model_version_stage(model, version, stage)

    def latest(stages=None):
        return {found.current_stage: str(found.version) for found in client.get_latest_versions(model, stages)}

    assert latest() == {"None": "5", "Staging": "2", "Production": "3"}
    assert latest(["Staging"]) == latest(["staging"]) == {"Staging": "2"}
    assert latest(["Archived"]) == {}
    stages = {version.current_stage for version in client.get_registered_model(model).latest_versions}
    assert stages == {"None", "Staging", "Production"}


def test_there_are_four_stages(client, model, given_version):
    given_version(model)
    assert tuple(client.get_model_version_stages(model, "1")) == STAGES


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("name = '{m}'", ["3", "2", "1"]),
        ("name = '{m}' and run_id = '{r}'", ["3", "2", "1"]),
        ("run_id IN ('{r}')", ["3", "2", "1"]),
        ("name = '{m}' and tags.best = 'yes'", ["2"]),
        ("source_path LIKE '%{r}%'", ["3", "2", "1"]),
        ("name = '{m}-not'", []),
    ],
)
def test_a_search_filters(client, model, given_version, run_id, condition, expected):
    for _ in range(3):
        given_version(model)
    client.set_model_version_tag(model, "2", "best", "yes")
    found = client.search_model_versions(condition.format(m=model, r=run_id))
    assert sorted((str(version.version) for version in found), reverse=True) == expected


def test_a_deleted_version_is_not_searched(client, model, given_version):
    given_version(model), given_version(model)
    client.delete_model_version(model, "1")
    assert [str(version.version) for version in client.search_model_versions(f"name = '{model}'")] == ["2"]


@pytest.mark.since("2.22.5")
def test_a_search_orders_and_pages(client, model, given_version):
    for _ in range(5):
        given_version(model)
    seen, token = [], None
    for _page in range(5):
        page = client.search_model_versions(
            f"name = '{model}'", max_results=2, order_by=["version_number ASC"], page_token=token
        )
        seen += [str(version.version) for version in page]
        token = page.token
        if not token:
            break
    assert seen == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("condition", ["current_stage = 'Staging'", "name > 'a'", "bogus = 'x'"])
def test_a_bad_filter_is_an_invalid_parameter(client, refused, condition):
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_model_versions(condition)


@pytest.mark.since("2.22.5")
class TestAliases:
    def test_an_alias_follows_where_it_is_set(self, client, model, given_version):
        given_version(model), given_version(model)
        client.set_registered_model_alias(model, "champion", "1")
        assert str(client.get_model_version_by_alias(model, "champion").version) == "1"
        client.set_registered_model_alias(model, "champion", "2")
        assert str(client.get_model_version_by_alias(model, "champion").version) == "2"
        assert client.get_model_version(model, "1").aliases == []
        assert client.get_model_version(model, "2").aliases == ["champion"]
        assert {k: str(v) for k, v in client.get_registered_model(model).aliases.items()} == {"champion": "2"}

    def test_a_deleted_alias_is_gone_and_may_be_deleted_again(self, client, model, given_version, refused):
        given_version(model)
        client.set_registered_model_alias(model, "champion", "1")
        for _ in range(2):
            client.delete_registered_model_alias(model, "champion")
        with refused("INVALID_PARAMETER_VALUE", "Registered model alias champion not found"):
            client.get_model_version_by_alias(model, "champion")

    def test_aliases_know_upper_and_lower_case(self, client, model, given_version):
        given_version(model), given_version(model)
        client.set_registered_model_alias(model, "best", "1")
        client.set_registered_model_alias(model, "Best", "2")
        assert str(client.get_model_version_by_alias(model, "best").version) == "1"

    @pytest.mark.parametrize("alias", ["latest", "LATEST", "v1", "V23", "a b", "a/b"])
    def test_reserved_and_odd_aliases_are_refused(self, client, model, given_version, refused, alias):
        given_version(model)
        with refused("INVALID_PARAMETER_VALUE"):
            client.set_registered_model_alias(model, alias, "1")

    def test_an_alias_needs_an_existing_version(self, client, model, refused):
        with refused("RESOURCE_DOES_NOT_EXIST"):
            client.set_registered_model_alias(model, "champion", "9")

    def test_a_deleted_version_takes_its_alias_along(self, client, model, given_version):
        given_version(model)
        client.set_registered_model_alias(model, "champion", "1")
        client.delete_model_version(model, "1")
        assert client.get_registered_model(model).aliases == {}


@pytest.mark.since("2.22.5")
def test_a_copy_points_at_the_original(client, given_model, given_version, unique):
    origin = given_model("origin")
    made = given_version(origin)
    copy = client.copy_model_version(f"models:/{origin}/1", f"{unique}-copy")
    assert (copy.name, str(copy.version), copy.run_id) == (f"{unique}-copy", "1", made.run_id)
    assert copy.source == f"models:/{origin}/1"
    assert client.get_model_version_download_uri(f"{unique}-copy", "1") == made.source
