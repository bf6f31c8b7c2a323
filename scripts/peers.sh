#!/bin/sh
# Installs the tools that `make bench` runs beside ours, and prints the Python that has them.
exec "$(dirname "$0")/venv.sh" cloister-peers polars==2.1.0 pycanon==1.3.5
