# The environment of all Airflow services and of the local org: the pinned requirements, nothing of the project itself.
FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install --yes --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --requirement /tmp/requirements.txt && rm /tmp/requirements.txt
# The volumes take over owner and rights of these folders.
RUN useradd --uid 50000 --no-log-init --create-home airflow \
    && mkdir -p /opt/airflow/logs /opt/airflow/auth /opt/bulkload /org \
    && chown -R airflow /opt/airflow /org && chmod 700 /opt/airflow/auth /org
USER airflow
WORKDIR /opt/bulkload
