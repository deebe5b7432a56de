"""A plain application with the same job: django-ninja, the ORM, simple-history. No guard, no trail, no worklist, nobody asked who they are."""
