"""The data that `make_store` writes, by kind. Runs in the environment of any MLflow version."""
