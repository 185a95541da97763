#!/bin/sh
# Prints its process id and its arguments; writes its environment and its input beside itself.
here=$(dirname "$0")
env >"$here/environment"
cat >"$here/input"
echo "$$"
printf '[%s]' "$@"
