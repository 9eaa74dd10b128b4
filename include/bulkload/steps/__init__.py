"""The use cases in the order of the DAG: what operators and the command line call."""
