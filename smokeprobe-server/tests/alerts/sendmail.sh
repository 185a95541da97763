#!/bin/sh
# Keeps each mail in a file of its own. One that has its name is whole.
mails=$(dirname "$0")/mails
cat >"$mails/.$$"
mv "$mails/.$$" "$mails/$$"
