"""Where Yellowflag is used: the Django project and its one app."""
