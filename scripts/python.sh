#!/bin/sh
# Nothing -> the path of a Python 3.11 or newer that can make environments, or what to install (on standard error).
for name in "$PYTHON" python3.11 python3.12 python3.13 python3 python; do
    [ -n "$name" ] || continue
    path=$(command -v "$name" 2>/dev/null) || continue
    "$path" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1 || continue
    found=$path
    "$path" -c 'import ensurepip, sqlite3, ssl, venv' >/dev/null 2>&1 || continue
    echo "$path"
    exit 0
done
if [ -n "$found" ]; then
    echo "$found lacks one of ensurepip, sqlite3, ssl, venv." >&2
    echo "On Debian and Ubuntu: apt-get install python3-venv (or python3.11-venv). Then run make again." >&2
else
    echo "No Python 3.11, 3.12 or 3.13 on the PATH. Install one and run make again:" >&2
    echo "  Debian, Ubuntu: apt-get install python3 python3-venv    Fedora: dnf install python3.12    macOS: brew install python@3.12" >&2
    echo "One that stands elsewhere: make PYTHON=/path/to/python3.11 demo" >&2
fi
exit 1
