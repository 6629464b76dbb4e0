"""Real stores of several MLflow versions, carried into Tidemill and compared with where they came from."""
