#!/bin/sh
# Signs the ends of the trails every five minutes; every hour acts on what is late, counts the days and forgets what has
# served its time. Until it is told to stop.
set -u
trap 'exit 0' TERM INT
try() { python manage.py "$1" || echo "$1 failed; it is tried again" >&2; }
round=0
while true; do
  try checkpoint
  if [ $((round % 12)) -eq 0 ]; then
    for command in chase summarise tidy; do try "$command"; done
  fi
  round=$((round + 1))
  sleep "${YELLOWFLAG_WORKER_SECONDS:-300}" &
  wait $!
done
