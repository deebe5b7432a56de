"""SQLite as Django speaks to it, for many threads of one process."""
