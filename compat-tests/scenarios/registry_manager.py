"""Registers the runs of an experiment, compares them, promotes the best and archives the rest.

Run alone: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python registry_manager.py EXPERIMENT MODEL
Makes two trainings first if the experiment has none. Prints the promoted version.
"""

import sys

import mlflow
from mlflow.tracking import MlflowClient


def main(experiment="registry manager", model="managed-model"):
    client = MlflowClient()
    runs = trained_runs(experiment)
    client.create_registered_model(model, tags={"owner": "scenario"}, description="Kept by the registry manager")
    versions = [register(client, model, run) for run in runs]
    best, *others = sorted(versions, key=lambda version: accuracy(client, version), reverse=True)
    promote(client, best)
    for version in others:
        client.transition_model_version_stage(model, version.version, "Archived")
    print(best.version)


def trained_runs(experiment):
    home = mlflow.set_experiment(experiment)
    if len(mlflow.search_runs([home.experiment_id])) == 0:
        for depth, score in ((2, 0.8), (4, 0.95)):
            with mlflow.start_run():
                mlflow.log_param("depth", depth)
                mlflow.log_metric("accuracy", score)
                mlflow.log_dict({"depth": depth}, "model/model.json")
    return mlflow.search_runs([home.experiment_id], order_by=["start_time ASC"], output_format="list")


def register(client, model, run):
    source = f"{run.info.artifact_uri}/model"
    version = client.create_model_version(model, source, run.info.run_id, tags={"depth": run.data.params["depth"]})
    client.set_model_version_tag(model, version.version, "compared", "yes")
    return version


def accuracy(client, version):
    return client.get_run(version.run_id).data.metrics["accuracy"]


def promote(client, version):
    client.transition_model_version_stage(version.name, version.version, "Staging")
    client.update_model_version(version.name, version.version, "best of its experiment")
    client.transition_model_version_stage(version.name, version.version, "Production", archive_existing_versions=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
