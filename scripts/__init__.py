"""The commands behind `make`: environment, checks, the native Airflow stack, the demo."""
