"""Written by ``tortoise makemigrations``; run by :func:`config.database.migrate` on SQLite and PostgreSQL alike."""
