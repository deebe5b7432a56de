#!/bin/sh
# Makes the role that the server has, once, in a new database. It owns nothing: manage.py grant_app gives it the rest.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$APP_PASSWORD" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
CREATE ROLE yellowflag LOGIN PASSWORD :'password';
SQL
