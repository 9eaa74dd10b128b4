"""What a plan says of one source, one object, its fields and links → small checked models, each key with its meaning."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

API_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,79}$"
RECORDS = r"^(\[\]|[^.\[\]]+\[\])(\.[^.\[\]]+\[\]){0,5}$"
SHARE = r"^(100(\.0+)?|\d{1,2}(\.\d+)?)%$"
FUNCTION = r"^[a-z][a-z0-9_]{0,63}$"

ApiName = Annotated[str, Field(pattern=API_NAME)]
Share = Annotated[str, Field(pattern=SHARE)]
Tolerance = Annotated[int, Field(ge=0)] | Share
Nulls = Literal["leave", "clear"]
Operation = Literal["insert", "upsert", "update", "delete", "hardDelete"]


class Strict(BaseModel):
    """No key that we don't know, none that changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Csv(Strict):
    """How a CSV file is written."""

    delimiter: str = Field(",", min_length=1, max_length=1, description="Between two cells.")
    quote: str = Field('"', min_length=1, max_length=1, description="Around a cell; doubled where it stands in one.")
    encoding: str = Field("utf-8", description="Of the bytes, as Python names it; a byte order mark is taken away.")


class Source(Strict):
    """Where records come from: files in object storage, or a query."""

    uri: str | None = Field(
        None,
        min_length=1,
        description="File, folder (with `/` at the end) or glob, under one of the allowed roots; `.gz` and `.zst` are unpacked. In plan "
        "files `./` and `../` lead from the file's own folder.",
    )
    sql: str | None = Field(None, min_length=1, description="A query instead of a URI; each row is a record.")
    conn_id: str | None = Field(None, min_length=1, description="Airflow connection that the query goes to.")
    format: Literal["auto", "json", "jsonl", "csv", "parquet"] = Field(
        "auto", description="`json` is one document, `jsonl` one root record a line; `auto` goes by the file's name."
    )
    csv: Csv = Field(default_factory=lambda: Csv.model_validate({}), description="How CSV files are written.")


class Value(Strict):
    """What fills a field, where a bare source name isn't enough."""

    from_: str | None = Field(
        None,
        alias="from",
        min_length=1,
        description="Source value: a key, `/address/city` for one within, `../sourceId` for the record's parent's.",
    )
    constant: str | None = Field(None, description="The same text in every row.")
    default: str | None = Field(
        None, min_length=1, description="What is sent where the source value is absent, blank, or a null that isn't to clear the field."
    )
    values: dict[str, str] = Field(
        default_factory=dict, description="Source text, without blanks around it → text to send; others are sent as they are."
    )
    only_values: bool = Field(False, description="Reject a row whose text isn't in `values`.")
    record_type: bool = Field(False, description="The text is the DeveloperName of a record type; its Id is sent.")
    nulls: Nulls | None = Field(None, description="For nulls of the source: `leave` the field, or `clear` it. Default: the plan's.")
    time_zone: str | None = Field(None, description="For datetimes without one, e.g. `Europe/Berlin`. Default: the plan's.")


class Link(Strict):
    """How one lookup finds its record. Several for one field: each row fills the cell of one of them at most."""

    object: str | None = Field(None, description="Name of the parent object in this plan.")
    sobject: ApiName | None = Field(None, description="Or the API name of records that are in the org already.")
    by: Literal["nesting", "key", "external_id", "id"] = Field(
        "nesting",
        description="`nesting`: the record it stood in. `key`: `from` holds the parent's key in this load. `external_id`: `from` holds "
        "that field's value of a record in the org. `id`: `from` holds the Id itself.",
    )
    from_: str | None = Field(None, alias="from", min_length=1, description="Source value that names the parent.")
    external_id: ApiName | None = Field(None, description="Key field of records in the org.")
    missing: Literal["quarantine", "blank", "fail", "look_in_org"] = Field(
        "quarantine",
        description="When a filled link finds no record: set the row aside, send it without (a record that is there keeps the link that it "
        "has), stop, or ask the org.",
    )
    carry: Literal["auto", "id", "relationship"] = Field(
        "auto",
        description="What is sent: the `id`, or the key in a `relationship` column. With several kinds of parents, the Id alone.",
    )
    cut: bool = Field(
        False, description="Set it in a second pass in every row, where objects, or the rows of one, are each other's parents."
    )

    @model_validator(mode="before")
    @classmethod
    def _by_what_is_given(cls, given: Any) -> Any:
        """Conclude `by` from the other keys where it isn't said."""
        if not isinstance(given, dict) or "by" in given:
            return given
        if given.get("external_id"):
            return {**given, "by": "external_id"}
        if "from" in given or "from_" in given:
            return {**given, "by": "key" if given.get("object") else "id"}
        return given


class Transform(Strict):
    """A function of people's own between source and mapping."""

    function: str = Field(pattern=FUNCTION, description="Name of a function registered in `include/transforms/`.")
    reads: tuple[str, ...] = Field((), description="Source values its frame has beside those that the mapping names.")


class ObjectPlan(Strict):
    """One object of the load: which records, to which sobject, by which operation."""

    sobject: ApiName = Field(description="API name in Salesforce.")
    source: str | None = Field(None, description="Name of its source; needed where the plan has several.")
    records: str = Field(
        "[]",
        pattern=RECORDS,
        description="Path of its records: `accounts[]`, `accounts[].contacts[]`; `[]` or `[].contacts[]` where a document is a list.",
    )
    operation: Operation = Field(description="What the Bulk API job does with the rows.")
    external_id: ApiName | None = Field(None, description="The key: an external id field of the sobject, or `Id`.")
    update_only: bool = Field(False, description="An upsert that must not create: rows whose key isn't in the org are rejected.")
    fields: dict[ApiName, str | Value] = Field(min_length=1, description="Salesforce field → name of the source value, or a value.")
    parents: dict[ApiName, Annotated[Link | list[Link], Field(union_mode="left_to_right")]] = Field(
        default_factory=dict, description="Lookup field → where its Id comes from; a list where it may point at several objects."
    )
    transform: Transform | None = Field(None, description="A function of your own that the rows pass first.")
    row_key_field: ApiName | None = Field(
        None, description="Writable text field, an external id, that we fill with run and row, so that inserts are told apart."
    )
    duplicates: Literal["reject", "fail", "first", "last"] = Field(
        "reject", description="Rows of one key that differ: reject all, stop, or let the first or last stand for them. Equal ones merge."
    )
    nulls: Nulls | None = Field(None, description="For nulls of the source: `leave` the field, or `clear` it. Default: the plan's.")
    changed_only: bool = Field(False, description="Leave out rows that an earlier run loaded with the same cells.")
    win: Literal["org", "source"] = Field("org", description="With `changed_only`, records that others edited: leave them, or send again.")
    keep_before: bool = Field(
        False,
        description="Keep what fields held before an upsert or update changes them, so that undo can restore it; "
        "said of one object, it holds for all of its `sobject`.",
    )
    canary_rows: int = Field(2_000, ge=0, description="Rows of the first, small job of a larger object; 0: none.")
    stop_if_failing: Share = Field(
        "50%", description="More permanent failures than this in the first job stop the object, and so does its abort."
    )
    retry_rounds: int = Field(3, ge=0, le=10, description="How often rows go again that failed for a passing reason, such as a lock.")
    transient: tuple[str, ...] = Field((), description="Further error codes that are worth another round.")
    max_rejected: Tolerance | None = Field(None, description="Rejected rows beyond which nothing is sent: `10` or `2%`. Default: no limit.")
    max_failed: Tolerance = Field(0, description="Rows that may be lost before the run turns red: `10` or `2%`.")
    duplicates_ok: str = Field("", description="Why a scheduled plan may insert the same rows again.")

    @property
    def key_field(self) -> str | None:
        """The sent column that names a row, if there is one."""
        return self.external_id or self.row_key_field

    @property
    def values(self) -> dict[str, Value]:
        """Salesforce field → what fills it, in the plan's order."""
        return {name: Value.model_validate({"from": each}) if isinstance(each, str) else each for name, each in self.fields.items()}

    @property
    def reads(self) -> tuple[str, ...]:
        """All source values that it needs, each once."""
        named = [*(value.from_ for value in self.values.values()), *(link.from_ for links in self.links.values() for link in links)]
        more = self.transform.reads if self.transform else ()
        return tuple(dict.fromkeys([*(name for name in named if name is not None), *more]))

    @property
    def links(self) -> dict[str, tuple[Link, ...]]:
        """Lookup field → its links, in the plan's order."""
        return {field: (each,) if isinstance(each, Link) else tuple(each) for field, each in self.parents.items()}

    @property
    def numbered_links(self) -> list[tuple[int, str, int, Link]]:
        """All links with their number in the staged table: number, lookup field, which of the field's, link."""
        flat = [(field, nth, one) for field, links in self.links.items() for nth, one in enumerate(links)]
        return [(number, field, nth, one) for number, (field, nth, one) in enumerate(flat)]

    @property
    def by_id(self) -> bool:
        """Whether what is sent names records by their Id, which is fetched where the plan gives another key."""
        return self.operation in {"update", "delete", "hardDelete"} or self.update_only

    def loss_allowed(self, source_rows: int) -> int:
        """How many of `source_rows` may be lost: a share is rounded down."""
        return allowed(self.max_failed, source_rows)


def allowed(tolerance: int | str, rows: int) -> int:
    """How many of `rows` a tolerance allows: `10`, or `2%` rounded down."""
    if isinstance(tolerance, int):
        return tolerance
    # Not a float: 0.57 % of 10,000 rows would be 56.
    return int(rows * Fraction(tolerance.rstrip("%")) / 100)
