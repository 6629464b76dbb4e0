"""Options, the server's address and version gates, shared by every suite."""

import os
from uuid import uuid4

import pytest

# Read by the clients when they are imported, so before any test module is.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")


def pytest_addoption(parser):
    parser.addoption("--tracking-uri", required=True, help="address of the server under test")
    parser.addoption("--server-kind", default="tidemill", choices=["tidemill", "mlflow"])
    parser.addoption("--ui-uri", help="where a browser finds the server, if that is another address")
    parser.addoption("--shots", help="folder for the screenshots of a browser")
    parser.addoption("--stock-uri", help="address of MLflow's own server, for a live differential replay")
    parser.addoption("--record", action="store_true", help="record the answers of the server under test as MLflow's")
    parser.addoption("--long", action="store_true", help="run the tests marked long too")


def pytest_configure(config):
    os.environ["MLFLOW_TRACKING_URI"] = config.getoption("--tracking-uri")


def pytest_collection_modifyitems(config, items):
    for item in items:
        for reason in filter(None, [_too_long(config, item), _other_version(item)]):
            item.add_marker(pytest.mark.skip(reason=reason))


def _too_long(config, item):
    if item.get_closest_marker("long") and not config.getoption("--long"):
        return "needs --long"


def _other_version(item):
    for marker in item.iter_markers("since"):
        if client_version() < numbers(marker.args[0]):
            return f"clients have this since {marker.args[0]}"
    for marker in item.iter_markers("before"):
        if client_version() >= numbers(marker.args[0]):
            return f"clients had this before {marker.args[0]}"


def client_version():
    from mlflow.version import VERSION

    return numbers(VERSION)


def numbers(version):
    return tuple(int(part) for part in version.split(".")[:3])


@pytest.fixture(scope="session")
def server(pytestconfig):
    """The address of the server under test."""
    return pytestconfig.getoption("--tracking-uri")


@pytest.fixture
def unique():
    """A word no other test uses, to build names from."""
    return uuid4().hex[:12]
