"""How gunicorn serves Yellowflag; read from the folder that it is started in. WEB_CONCURRENCY sets the workers."""

from pathlib import Path

bind = ["0.0.0.0:8000"]  # a container has no other address for its proxy to reach
worker_class = "clinic.serving.BufferingWorker"  # gunicorn's gthread; a request that is not there holds no thread
threads = 4  # with 8, two workers on two cores answer a quarter less: the threads of a process wait for each other
worker_connections = 256  # at most so many bodies of a megabyte are held
timeout = 60
graceful_timeout = 30  # what is in flight is answered before a worker ends
keepalive = 5
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 -- memory: a heartbeat that waits for a disk looks like a dead worker
control_socket_disable = True
loglevel = "error"  # below that it quotes requests that it cannot read; Yellowflag logs the others itself
