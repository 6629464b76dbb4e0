"""Tracks one training: parameters, ten epochs of metrics and a pickled model.

Run alone: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python experiment_tracker.py [experiment name]
Prints the id of the run.
"""

import pickle
import sys
import tempfile
from pathlib import Path

import mlflow

EPOCHS = 10


def main(experiment="experiment tracker"):
    mlflow.set_experiment(experiment)
    with mlflow.start_run(run_name="ten epochs") as run:
        mlflow.log_params({"learning_rate": 0.1, "epochs": EPOCHS, "optimizer": "sgd"})
        weights = train(slope=3.0, learning_rate=0.1)
        save(weights)
    print(run.info.run_id)


def train(slope, learning_rate):
    weight = 0.0
    for epoch in range(EPOCHS):
        error = slope - weight
        weight += learning_rate * error
        mlflow.log_metrics({"loss": error**2, "accuracy": 1 - abs(error) / slope}, step=epoch)
    return {"weight": weight}


def save(weights):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        path.write_bytes(pickle.dumps(weights))
        mlflow.log_artifact(str(path), "model")


if __name__ == "__main__":
    main(*sys.argv[1:])
