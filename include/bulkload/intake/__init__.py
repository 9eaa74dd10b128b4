"""A plan and a source → checked tables of rows, each with its id, its Salesforce text and its key."""
