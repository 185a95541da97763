#!/bin/sh
# Hangs with a child, both deaf to SIGTERM. Both hold the FIFO beside the script open for as long as they live.
trap '' TERM
exec 3>"$(dirname "$0")/alive"
echo "hanging"
sleep 600 &
echo started >&3
wait
