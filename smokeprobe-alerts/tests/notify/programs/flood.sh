#!/bin/sh
echo "disk full"
echo "try again" >&2
head -c 100000000 /dev/zero
exit 3
