"""`.env.example` → `.env` with a fresh secret for each name, readable by its owner only; one that stands is left alone."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def filled(example: str) -> str:
    """Give each blank name a secret. They are safe in URLs and JSON, where the compose file puts them."""
    return "".join(f"{line}{_secret(line)}\n" for line in example.splitlines())


def _secret(line: str) -> str:
    if line.startswith("#") or not line.endswith("="):
        return ""
    if line == "AIRFLOW_FERNET_KEY=":
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_hex(24)


def main(folder: Path = PROJECT) -> int:
    """Write the file, unless there is one; returns the exit status."""
    try:
        file = os.open(folder / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        print(".env is there already; remove it for new secrets (and the volumes that were made with the old ones)")
        return 1
    with os.fdopen(file, "w") as out:
        out.write(filled((PROJECT / ".env.example").read_text()))
    print("Wrote .env. The password of Airflow's user admin is AIRFLOW_ADMIN_PASSWORD in it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
