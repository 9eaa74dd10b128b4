"""Airflow's side of a load: what it waits for, retries and shows; what a step does stands in `include.bulkload.steps`.

settings        deployment settings, from the environment
outcomes        an error → retry or failure, noted for the summary
bulk_config     a run's config → the plan
bulk_forms      what a run may choose → the form that asks for it
bulk_connection a `salesforce` connection → what it says, cleaned; the way to the org
bulk_hook       a connection → a login (one per process) and a Bulk API client
scratch         a place for scratch → one task's folder in it; dead tasks' folders cleared away
bulk_runs       a task's context → the run that a step is handed
bulk_modes      what a run is asked for → the branch it takes, the run it is about
bulk_closings   the account of a run that replayed or undid another
bulk_operators  one task → one step
bulk_rounds     tasks that cut and settle, with jobs to wait for in between
bulk_levels     the same for a plan that is known only when it runs
bulk_replays    tasks that send again what a run lost, or what earlier ones lost
bulk_undos      tasks that take back what a run wrote, once somebody agreed
bulk_polls      job ids → states, without blocking (the only async HTTP)
bulk_triggers   job ids → an event when Salesforce has ended them; a person's cancel
bulk_waits      how a task waits for jobs, deferred or on a worker
bulk_sensors    job ids → a task that waits for them
bulk_dags       a plan's shape → tasks
bulk_about      a plan → the page beside its DAG
bulk_plans      plan files → a DAG each, or their mistakes
links           a job id → its page in Salesforce's Setup
"""
