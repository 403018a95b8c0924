"""Where things live on disk: the library's files, the append-only chat logs, model folders, secrets."""
