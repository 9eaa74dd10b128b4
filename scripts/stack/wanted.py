"""What a stack shall be like → one object that its keeper is handed as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# Held by the keeper of the stack that lives in a folder.
LOCK = "keeper.lock"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stack: `folder` is where everything of it stands; the rest is the project's own unless a test says otherwise.

    `org` are options of the local org's command line; None: no org is started. `given` is environment for Airflow.
    `port` is tried first; 0: any free one.
    """

    folder: Path
    dags: Path = PROJECT / "dags"
    plugins: Path = PROJECT / "plugins"
    org: tuple[str, ...] | None = ()
    given: dict[str, str] = field(default_factory=dict)
    port: int = 0
    # Whether the stack, once it is ready, lives on when whoever started it is gone.
    stays: bool = False
    # Whether a service that dies is started again, as whoever runs a real deployment does; else the stack ends with it.
    revives: bool = False

    def to_json(self) -> str:
        """Write it as one line."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Wanted:
        """Read what to_json wrote."""
        found = json.loads(text)
        found |= {name: Path(found[name]) for name in ("folder", "dags", "plugins")}
        return cls(**{**found, "org": None if found["org"] is None else tuple(found["org"])})

    @property
    def home(self) -> Path:
        """Airflow's home; gone with the stack."""
        return self.folder / "airflow"

    @property
    def scratch(self) -> Path:
        """Where tasks make their scratch folders; gone with the stack."""
        return self.home / "scratch"

    @property
    def logs(self) -> Path:
        """Logs of the services, and Airflow's logs of tasks; they stay."""
        return self.folder / "logs"

    @property
    def runs(self) -> Path:
        """The run base: what runs leave behind; it stays."""
        return self.folder / "runs"

    @property
    def run_base(self) -> str:
        """The run base as Airflow takes it: as it stands, %20 would be part of a folder's name."""
        return f"file://{self.runs}"

    @property
    def password_file(self) -> Path:
        """Where the generated password of Airflow's user stands, readable by us only."""
        return self.folder / "password"

    @property
    def state(self) -> Path:
        """What runs, and where: there as long as the stack is."""
        return self.folder / "stack.json"
