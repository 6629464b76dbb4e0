"""The usual first steps with MLflow: train on iris, log everything, register, load it back and predict.

Run alone: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python quickstart.py [experiment name] [model name]
Prints the accuracy of the loaded model.
"""

import sys

import mlflow
import mlflow.sklearn
from mlflow.models import infer_signature
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split


def main(experiment="MLflow Quickstart", model_name="tracking-quickstart"):
    mlflow.set_experiment(experiment)
    features, labels = datasets.load_iris(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(features, labels, test_size=0.2, random_state=42)
    params = {"solver": "lbfgs", "max_iter": 1000, "random_state": 8888}
    with mlflow.start_run():
        mlflow.log_params(params)
        model = LogisticRegression(**params).fit(x_train, y_train)
        mlflow.log_metric("accuracy", accuracy_score(y_test, model.predict(x_test)))
        mlflow.set_tag("Training Info", "Basic LR model for iris data")
        info = mlflow.sklearn.log_model(
            model,
            "iris_model",
            signature=infer_signature(x_train, model.predict(x_train)),
            input_example=x_train[:5],
            registered_model_name=model_name,
            pip_requirements=["scikit-learn"],
        )
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    print(accuracy_score(y_test, loaded.predict(x_test)))


if __name__ == "__main__":
    main(*sys.argv[1:])
