#!/bin/sh
# Writes down how it was called: one line a call; no argument has a vertical bar.
line=
for arg in "$@"; do line="$line|$arg"; done
echo "$line" >>"$(dirname "$0")/calls"
