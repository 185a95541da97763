#!/bin/sh
# Waits for a signal and tidies up.
trap 'echo tidied; exit 0' TERM
while :; do sleep 0.1; done
