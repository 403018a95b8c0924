"""Reading personas for the fuzz driver: what is read can be written and read again."""

from __future__ import annotations

from tavern_tui.formats.json_text import read_json
from tavern_tui.formats.personas import PersonaBackup, read_backup, read_persona, write_backup, write_persona


def read_write_read(data: bytes) -> object:
    """The persona, or the personas of a backup."""
    if data.lstrip()[:1] == b"{":
        backup, _ = read_backup(data, "stem")
        again, _ = read_backup(write_backup(backup)[0], "stem")
        assert again.personas == backup.personas
        fresh, _ = read_backup(write_backup(PersonaBackup(backup.personas))[0], "stem")
        assert len(fresh.personas) == len(backup.personas)
        return read_json(data)
    persona, _ = read_persona(data, "stem")
    assert read_persona(write_persona(persona)[0], "stem")[0] == persona
    return persona
