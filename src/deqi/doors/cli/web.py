"""Settings of gunicorn behind `deqi serve` (read by gunicorn itself; where it listens is said by the keeper)."""

from deqi.doors.cli.supervise import die_with_the_keeper

threads = 4
timeout = 60
graceful_timeout = 20
max_requests = 20_000
preload_app = True
loglevel = "warning"
control_socket_disable = True

die_with_the_keeper()
