"""The command line, without Airflow: a plan checked and counted, a size calculated.

commands       what may be typed
connections    where the org and the databases are
chosen         params and switches of a plan
rehearsals     a plan, run dry
"""
