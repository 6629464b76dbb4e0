"""MLflow's own server, plus the preview paths that 1.x clients call and today's MLflow has dropped.

With them the 1.30.1 suite can be shown to be right on the same server as every other suite.
"""

from mlflow.server.fastapi_app import app as mlflow_app
from mlflow.server.handlers import _get_tracking_store

_get_tracking_store()  # makes the tables before the first request


async def app(scope, receive, send):
    if scope["type"] == "http":
        path = scope["path"].replace("/api/2.0/preview/mlflow/", "/api/2.0/mlflow/", 1)
        scope = {**scope, "path": path, "raw_path": path.encode()}
    await mlflow_app(scope, receive, send)
