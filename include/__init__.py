"""Everything that works without Airflow: the loader, Salesforce over HTTP, object storage, the local org."""
