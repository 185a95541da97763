#!/bin/sh
# Waits for a signal and tidies up. Holds the FIFO beside the script open for as long as it lives.
trap 'echo tidied; exit 0' TERM
exec 3>"$(dirname "$0")/alive"
echo started >&3
while :; do sleep 0.1; done
