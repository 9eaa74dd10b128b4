"""A record's journey, room by room: each room imports only those before it.

basics: what every room speaks
    basics/errors          what happens next: stop, try again, set one row aside
    basics/entities        the names of the field as small frozen values
    basics/tables          the table engine and the dialects of our files
intake: a payload becomes rows
    intake/mapping         what a plan says of a source, an object, a field, a link
    intake/contradictions  what a plan's parts say against each other
    intake/plan            what is to be loaded, checked
    intake/modes           load, replay or undo: what a run is asked for
    intake/same_records    which objects may write the same records
    intake/levels          which object waits for which
    intake/templates       dates, run id and params in URIs and SQL
    intake/plan_file       a plan file, read without YAML's surprises
    intake/constants       texts of the plan's own
    intake/right_org       the org that the plan may go to, and no other
    intake/link_rules      what a lookup allows of a link
    intake/preflight       the plan held against the org, before anything is sent
    intake/names           how a plan names a source value
    intake/shapes          what a plan reads of a record
    intake/files           a source's file, unpacked and checksummed
    intake/raw             an object's rows as their source gives them
    intake/careful         a record that isn't plain, written anew
    intake/records         one record: is it plain, can it be read
    intake/stretches       JSON lines, many records at once
    intake/alike           records of a document that end and begin alike, cut at once
    intake/document        one JSON document, cut into records
    intake/lines           records, one a line
    intake/payload         JSON files as such lines
    intake/nested          rows cut out of the records they stand in
    intake/even            CSV text as such lines, the short way
    intake/dialect         CSV rows as such lines, strictly
    intake/torn            CSV lines that aren't sound
    intake/delimited       CSV files
    intake/cells           rows of flat sources
    intake/column_text     typed columns as text
    intake/columnar        Parquet files
    intake/batches         rows of a query
    intake/sources         any source, read once
    intake/transformed     rows that passed a function of your own
    intake/values          source values as Salesforce's text
    intake/numerals        numbers that Salesforce keeps
    intake/moments         dates, datetimes, times
    intake/choices         booleans and picklists
    intake/record_ids      an Id, or none
    intake/typed           which of these a field takes
    intake/keys            keys: missing, shared, contradicting
    intake/filled          what fills a field, and what is wrong with it
    intake/link_cells      source values that name the parents
    intake/lists           what lists for people call a row's cells
    intake/trial           the first roots and what hangs on them
    intake/split           rows into one staged table per object
    intake/layers          who goes before whom among rows of one object
    intake/dangling        links by a key that no row has
    intake/copies          edited copies of our lists, read as staged rows
ledger: what was done, only ever added to
    ledger/waves           how an object's rows are sent, one wave after the other
    ledger/entries         one act, one entry
    ledger/replays         who sends a run's lost rows again
    ledger/undos           where the undoing of a run stands
    ledger/resume          all entries folded: where each job stands
load: rows become jobs, jobs become fates
    load/sizes             how many jobs, batches, calls so many rows are
    load/allowances        what the org has left of the day
    load/chunks            rows cut into uploads, exact to the byte
    load/job               the life of a Bulk API 2.0 job
    load/stored            a cell as the org stores it
    load/echoes            rows without a key, found again by their text
    load/fates             several waves folded: one final fate per row
    load/results           three result files, one fate per row
    load/recovery          which failures are worth another try
match: Ids for the children
    match/id_map           source row to record
    match/asked            keys looked up in the org
    match/seen             records as they stand now
    match/columns          one sent column, as the org shows it
    match/before           what fields held before
    match/made             what a run wrote over what
    match/since            created records, and who touched them since
    match/restored         changed records, and what goes back
    match/verified         rows that succeeded, held against their records
    match/undoing          what an undo may touch, and what became of it
    match/own_ids          rows known by a key, given their Ids
    match/changes          rows that an earlier run loaded alike
    match/remembered       what later runs are told of this one
    match/bereaved         children of parents that are gone
    match/ways             one link, followed
    match/causes           a link that led nowhere: why, down all generations
    match/passes           who of a wave is sent, in which order, and who is set aside
    match/link             children with their parents, ready to be sent
    match/orphans          children without one, for people
    match/newer            keys that later runs folded by other rules
    match/chosen           rows that a replay takes
    match/doubles          rows without a key that two runs had
    match/edits            edited rows in their old places
report: every row accounted for
    report/reconcile       the sums of one object
    report/listed          the same rows, listed for people
    report/undone          what an undo found and did
    report/summary         the whole run, and its verdict
    report/dry_run         a rehearsed run, and what it would take
    report/table           the same for people
steps: the use cases, in the order of the DAG
    steps/ports            what they need from outside
    steps/journal          entries written and read
    steps/trouble          what broke, for the summary
    steps/past_runs        what runs sent, and how fast
    steps/day_limits       what the load needs of the day
    steps/foreseen         what may go wrong with staged rows
    steps/at_work          jobs of a run that is over which still write
    steps/lease            one run of a plan at a time
    steps/split            a run begun, rows staged
    steps/rehearsal        a dry run's waves, as if they went well
    steps/outcome          what stands of an object
    steps/ids              the id map learnt
    steps/org_keys         Ids asked of the org, by key
    steps/org_rows         records asked of the org, as they stand
    steps/written          which fields a wave writes
    steps/kept_before      what they held before, kept
    steps/generations      what is remembered, numbered
    steps/untold           runs that haven't told what they wrote
    steps/own_times        when a run's jobs wrote
    steps/memory           rows that needn't be sent again
    steps/remember         what this run leaves for later ones
    steps/bereaved         children whose remembered parent is gone
    steps/payloads         payloads that were inserted before
    steps/later_runs       keys that later runs wrote
    steps/later_edits      keys that people edited later in earlier runs
    steps/later_objects    keys that later objects of the run wrote
    steps/earlier_objects  rows whose records earlier objects of the run send
    steps/shared_records   records that other objects of the run write over
    steps/later_parents    parents that came by a later run
    steps/both_known       rows of two runs, by what both plans have
    steps/siblings         rows without a key that other runs had
    steps/later_children   which of a replay's stay for that
    steps/elsewhere        rows that another run has inserted of the same payload
    steps/targets          links ready to be followed
    steps/sending          how an object's rows are sent
    steps/set_aside        rows that aren't sent, kept
    steps/rounds           rows worth another round
    steps/next_wave        linked, set aside, cut into jobs
    steps/gone             a job that Salesforce doesn't know any more
    steps/sender           which run may send what is left
    steps/overtaken        rows of a chunk that later runs wrote
    steps/submit           one chunk, one job
    steps/stops            a job's end that stops its object
    steps/wait             jobs watched, or given up for a person
    steps/doubt            rows without a result, asked of the org
    steps/collected        one job's results fetched, its rows' fates found
    steps/settle           all jobs collected, the next wave sent
    steps/cut              the first jobs of an object, a small one ahead
    steps/leftovers        jobs that nobody watched to the end
    steps/skew             parents with very many children
    steps/undo_written     what a run wrote, from its ledger
    steps/undo_late        aborted jobs that stored more since a dry run, or still may
    steps/undo_newer       records that later runs wrote since
    steps/undo_look        asked again before it goes
    steps/undo_plan        the dry run of an undo
    steps/undo_wave        what isn't undone yet, sent
    steps/forget           what later runs needn't remember
    steps/verify           the org asked whether all is there
    steps/undo             a run undone
    steps/undo_run         the same by a run of its own, once somebody agreed
    steps/unlinked         records that no second pass has met
    steps/parts            one object's part of the summary
    steps/forecast         what a dry run's load would take
    steps/summarize        the account, the summary, the colour
    steps/old_runs         how old a run is, and who needs its files
    steps/sweep            old runs' files, forgotten jobs
    steps/plan_mode        a dry run, all steps in one go
    steps/edited           edited copies, a new version of staged rows
    steps/choice           what a replay takes
    steps/turn             a replay's turn of an object, without what was overtaken since
    steps/replay           lost rows sent again
    steps/earlier_runs     the same by itself, for a nightly run
    steps/unasked          which rows of a run may go though nobody asked, or why a person must
"""
