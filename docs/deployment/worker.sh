#!/bin/sh
# Acts on what is late and counts the days, every hour, until it is told to stop.
set -u
trap 'exit 0' TERM INT
while true; do
  python manage.py chase || echo "chase failed; it is tried again in an hour" >&2
  python manage.py summarise || echo "summarise failed; it is tried again in an hour" >&2
  sleep "${YELLOWFLAG_WORKER_SECONDS:-3600}" &
  wait $!
done
