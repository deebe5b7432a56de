"""What we know: the triage engine, pure and deterministic, without Django, database, network or clock."""
