#!/bin/sh
# venv.sh FOLDER REQUIREMENT…: installs Python packages, pinned, into a folder of the cache, once, and prints
# the Python that has them.
set -eu

folder="${XDG_CACHE_HOME:-$HOME/.cache}/$1"
shift
if [ "$(cat "$folder/tools" 2>/dev/null)" != "$*" ]; then
    rm -rf "$folder"
    mkdir -p "$(dirname "$folder")"
    python3 -m venv "$folder"
    "$folder/bin/pip" install -q "$@" >&2
    printf '%s\n' "$*" > "$folder/tools"
fi
printf '%s\n' "$folder/bin/python"
