"""Registered models through `MlflowClient`."""

import pytest


def names(models):
    return [model.name.split("-", 1)[1] for model in models]


def test_a_registered_model_is_answered_as_created(client, unique):
    made = client.create_registered_model(unique, tags={"team": "blue"}, description="größe ✓")
    found = client.get_registered_model(unique)
    assert (found.name, found.description, found.tags) == (unique, "größe ✓", {"team": "blue"})
    assert found.creation_timestamp == made.creation_timestamp > 1_600_000_000_000
    assert found.latest_versions == []


def test_a_name_is_taken_once(client, model, refused):
    with refused("RESOURCE_ALREADY_EXISTS", "already exists"):
        client.create_registered_model(model)


def test_an_unknown_model_does_not_exist(client, unique, refused):
    for ask in (client.get_registered_model, client.delete_registered_model):
        with refused("RESOURCE_DOES_NOT_EXIST", f"Registered Model with name={unique} not found"):
            ask(unique)


@pytest.mark.parametrize("name", ["", "a/b", "a:b"])
def test_a_bad_name_is_an_invalid_parameter(client, refused, name):
    with refused("INVALID_PARAMETER_VALUE"):
        client.create_registered_model(name)


def test_a_renamed_model_takes_its_versions_along(client, model, given_version, unique, refused):
    given_version(model)
    client.rename_registered_model(model, f"{unique}-renamed")
    assert client.get_model_version(f"{unique}-renamed", "1").name == f"{unique}-renamed"
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_registered_model(model)


def test_renaming_to_a_taken_name_is_refused(client, given_model, refused):
    first, second = given_model("first"), given_model("second")
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.rename_registered_model(first, second)


def test_a_description_is_updated(client, model):
    client.update_registered_model(model, "better")
    assert client.get_registered_model(model).description == "better"


def test_tags_are_set_and_deleted(client, model):
    client.set_registered_model_tag(model, "a", "1")
    client.set_registered_model_tag(model, "a", "2")
    client.set_registered_model_tag(model, "b", "3")
    client.delete_registered_model_tag(model, "b")
    client.delete_registered_model_tag(model, "never set")
    assert client.get_registered_model(model).tags == {"a": "2"}


def test_a_deleted_model_frees_its_name_and_takes_its_versions_along(client, model, given_version):
    given_version(model)
    client.delete_registered_model(model)
    assert client.search_model_versions(f"name = '{model}'") == []
    client.create_registered_model(model)
    assert given_version(model).version == "1" or int(given_version(model).version) >= 1


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("name LIKE '{u}-a%'", ["a1", "a2"]),
        ("name ILIKE '{u}-A%'", ["a1", "a2"]),
        ("name = '{u}-b1'", ["b1"]),
        ("name LIKE '{u}-%' AND name != '{u}-b1'", ["a1", "a2"]),
        ("name LIKE '{u}-%' AND tags.tier = 'gold'", ["b1"]),
        ("name LIKE '{u}-%' AND tags.`tier` != 'gold'", ["a1", "a2"]),
    ],
)
def test_a_search_filters(client, given_model, unique, condition, expected):
    for name, tier in (("a1", "tin"), ("a2", "tin"), ("b1", "gold")):
        given_model(name, tags={"tier": tier})
    assert names(client.search_registered_models(condition.format(u=unique))) == expected


def test_a_search_orders_by_name_and_by_change(client, given_model, unique):
    for name in ("b", "c", "a"):
        given_model(name)
    mine = f"name LIKE '{unique}-%'"
    assert names(client.search_registered_models(mine)) == ["a", "b", "c"]
    assert names(client.search_registered_models(mine, order_by=["name DESC"])) == ["c", "b", "a"]
    assert sorted(names(client.search_registered_models(mine, order_by=["last_updated_timestamp DESC"]))) == list("abc")


def test_a_search_pages_without_gap_or_repeat(client, given_model, unique):
    for name in "abcde":
        given_model(name)
    seen, token = [], None
    for _page in range(5):
        page = client.search_registered_models(f"name LIKE '{unique}-%'", max_results=2, page_token=token)
        seen += names(page)
        token = page.token
        if not token:
            break
    assert seen == list("abcde")


@pytest.mark.parametrize("condition", ["description = 'x'", "name > 'a'", "name = 'a' OR"])
def test_a_bad_filter_is_an_invalid_parameter(client, refused, condition):
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_registered_models(condition)


def test_a_page_of_more_than_1000_is_refused(client, refused):
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_registered_models(max_results=1001)
