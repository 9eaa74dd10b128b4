"""The native stack: PostgreSQL, the local org and four Airflow services as plain processes, and one keeper that ends them."""
