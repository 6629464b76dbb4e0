"""Validates every version of a model by the metrics of its run and writes the verdict as tags; approves the good.

Run alone: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python approval_workflow.py MODEL THRESHOLD
Prints the approved versions, oldest first.
"""

import sys

from mlflow.tracking import MlflowClient


def main(model="managed-model", threshold="0.9"):
    client = MlflowClient()
    versions = client.search_model_versions(f"name = '{model}'")
    for version in versions:
        validate(client, version, float(threshold))
    passed = client.search_model_versions(f"name = '{model}' and tags.validation = 'passed'")
    for version in passed:
        approve(client, version)
    print(*sorted(int(version.version) for version in passed))


def validate(client, version, threshold):
    history = client.get_metric_history(version.run_id, "accuracy")
    score = max(point.value for point in history)
    verdict = "passed" if score >= threshold else "failed"
    client.set_model_version_tag(version.name, version.version, "validation", verdict)
    client.set_model_version_tag(version.name, version.version, "validation.score", f"{score:.3f}")


def approve(client, version):
    client.set_model_version_tag(version.name, version.version, "approved_by", "scenario")
    client.delete_model_version_tag(version.name, version.version, "validation.score")
    client.set_registered_model_tag(version.name, "last_approved", version.version)


if __name__ == "__main__":
    main(*sys.argv[1:])
