"""A Salesforce org on this machine: Bulk API 2.0 over HTTP and HTTPS, log-ins, describe, SOQL, faults on demand.

Independent of the loader: it has its own idea of CSV, states and errors, so that it can contradict it.

settings    how it behaves: pace, seed, echoes, faults
bodies      requests' bodies, bounded
answers     Salesforce's JSON answers and error arrays
ids         record ids of 15 and 18 characters
planned     JSON rules → planned faults, checked
faults      which rows, jobs and requests they strike, counted
strikes     a request and its fault → the request gone wrong
quotas      batches and rows of 24 hours
retention   jobs that are too old
visible     objects as the user sees them: fields hidden or read-only
describes   objects → what describe says
versions    API versions, and what each has
schema      describe-shaped JSON → objects and fields
store       one SQLite file: records, jobs, results
rules       a cell → its stored value, or Salesforce's error
cells       a column of cells → stored values, and the rows refused for them
lookups     keys → the records that have them
saving      values and records → rows inserted, updated, deleted
rows        200 rows as one transaction
records     one record of REST → saved like a row
several     up to 200 of them, or trees
reading     Ids, keys, relationships → records shown
composite   several requests in one
uploads     a job's CSV → rows, or the job's error
site        the org without its doors
jobs        the life of ingest jobs
locks       records that chunks touch at the same time
timeline    chunks tried → what became of each batch, and when
task        a job at work: batches and chunks
work        the thread that works on all of them in turns
listing     all jobs → the list, page by page
results     rows' outcomes → the three result files
soql_words  a query → its words
soql_parts  its words → its parts
soql_dates  date literals → days; parts of dates
soql_values values → what is compared
soql_sql    its parts → SQL
soql        a query → records
cursors     a query's rows, kept for their next pages
queries     the life of query jobs
deletes     records gone, and what goes with them
columns     a query → what its columns are
journal     requests as they were answered
org         all of these together
grants      log-in forms → whose session
page        objects, jobs, last requests → the page at /
routes_*    HTTP paths → answers
server      listeners, tokens, faults around the routes
certificates, proxy   HTTPS under Salesforce's own host names
"""
