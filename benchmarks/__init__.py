"""What the generator costs and reaches, one question a module: ``python -m benchmarks.throughput
--help``.

Each makes a throw-away site of its own and talks to loopback only. ``make bench`` runs them all.
"""
