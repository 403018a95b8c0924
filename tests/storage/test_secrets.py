"""Keys of servers: bound to one origin, kept where others cannot look, had from variables, commands and keyrings."""

from __future__ import annotations

import json
import pickle
import stat
import sys
from pathlib import Path

import pytest

from tavern_tui.domain.errors import NotFoundError, StorageError
from tavern_tui.storage.secret_sources import Keyring, SecretError, SecretText, checked, from_command, from_variable
from tavern_tui.storage.secrets import Secret, Secrets, Source

HERE, ELSEWHERE = "https://openrouter.ai:443", "https://example.org:443"
KEY = "sk-or-v1-0123456789abcdef"


class NoKeyring(Keyring):
    """A machine without one: no child is started to find that out."""

    def _ask(self, **_asked: str) -> dict[str, object] | None:
        return None


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    """An empty table on a machine without a keyring."""
    return Secrets(tmp_path / "state" / "secrets", NoKeyring())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_without_a_keyring_a_key_lies_in_a_file_that_only_its_owner_may_read(secrets: Secrets) -> None:
    assert secrets.all() == []
    assert secrets.keep("openrouter", HERE, f"  {KEY}\n") == Secret("openrouter", HERE, Source.FILE)
    assert (mode(secrets.path), mode(secrets.path.parent)) == (0o600, 0o700)
    found = secrets.for_origin(HERE)
    assert found is not None
    assert secrets.value(found, HERE).reveal() == KEY


def test_a_key_is_refused_to_every_other_origin_and_the_refusal_does_not_name_it(secrets: Secrets) -> None:
    secret = secrets.keep("openrouter", HERE, KEY)
    assert secrets.for_origin(ELSEWHERE) is None
    for other in (ELSEWHERE, "http://openrouter.ai:80", "https://openrouter.ai:8443"):
        with pytest.raises(SecretError) as refused:
            secrets.value(secret, other)
        assert KEY not in str(refused.value)
        assert other in str(refused.value)


def test_nothing_that_is_listed_or_printed_holds_a_key(secrets: Secrets) -> None:
    secret = secrets.keep("openrouter", HERE, KEY)
    value = secrets.value(secret, HERE)
    assert KEY not in f"{secrets.all()!r} {value!r} {value} {value:} {secret.place}"
    with pytest.raises(TypeError):
        pickle.dumps(value)


def test_a_file_that_was_opened_to_others_is_shut_when_it_is_read(secrets: Secrets) -> None:
    secrets.keep("openrouter", HERE, KEY)
    secrets.path.chmod(0o644)
    secrets.path.parent.chmod(0o755)
    secrets.all()
    assert (mode(secrets.path), mode(secrets.path.parent)) == (0o600, 0o700)


def test_of_several_keys_for_one_server_the_variable_comes_first(secrets: Secrets) -> None:
    secrets.keep("a", HERE, KEY)
    secrets.refer_to_command("b", HERE, ["true"])
    assert str(secrets.for_origin(HERE)).count("'b'") == 1
    secrets.refer_to_variable("c", HERE, "OPENROUTER_API_KEY")
    found = secrets.for_origin(HERE)
    assert found is not None
    assert (found.name, found.place) == ("c", "variable OPENROUTER_API_KEY")


def test_a_name_means_one_secret_and_the_last_one_said_holds(secrets: Secrets) -> None:
    secrets.keep("Rig", HERE, KEY)
    secrets.refer_to_variable("rig", ELSEWHERE, "RIG_KEY")
    (only,) = secrets.all()
    assert (only.name, only.origin, only.source) == ("rig", ELSEWHERE, Source.VARIABLE)
    assert KEY not in secrets.path.read_text()


def test_a_forgotten_key_is_in_no_file(secrets: Secrets) -> None:
    secrets.keep("rig", HERE, KEY)
    assert secrets.forget("RIG").name == "rig"
    assert KEY not in "".join(path.read_text() for path in secrets.path.parent.iterdir())
    with pytest.raises(NotFoundError):
        secrets.forget("rig")


def test_what_may_go_in_clear_is_remembered_for_one_origin(secrets: Secrets) -> None:
    secrets.allow_in_clear("http://a.example:80")
    assert secrets.may_go_in_clear("http://a.example:80")
    assert not secrets.may_go_in_clear("http://b.example:80")
    secrets.allow_in_clear("http://a.example:80", False)
    assert not secrets.may_go_in_clear("http://a.example:80")


def test_keys_of_the_table_that_are_not_known_are_kept(secrets: Secrets) -> None:
    secrets.keep("rig", HERE, KEY)
    table = json.loads(secrets.path.read_text())
    secrets.path.write_text(json.dumps({**table, "later": [1]}))
    secrets.allow_in_clear(HERE)
    assert json.loads(secrets.path.read_text())["later"] == [1]


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 2}'], ids=["cut", "list", "newer"])
def test_a_table_that_cannot_be_understood_is_told_and_left_as_it_is(secrets: Secrets, content: str) -> None:
    secrets.path.parent.mkdir(parents=True)
    secrets.path.write_text(content)
    with pytest.raises(StorageError):
        secrets.keep("rig", HERE, KEY)
    assert secrets.path.read_text() == content


@pytest.mark.parametrize(
    "text",
    ["", " \n", "two words", "a\nb", "schlüssel", "k" * 5000],
    ids=["none", "blank", "words", "lines", "umlaut", "long"],
)
def test_what_no_request_can_carry_is_no_key(text: str) -> None:
    with pytest.raises(SecretError) as refused:
        checked(text)
    assert not text.strip() or text not in str(refused.value)


@pytest.mark.parametrize("name", ["", "-k", "a\nb", "n" * 61], ids=["none", "dash", "lines", "long"])
def test_a_name_that_could_be_a_key_pasted_in_the_wrong_place_is_refused(secrets: Secrets, name: str) -> None:
    with pytest.raises(SecretError, match="name"):
        secrets.keep(name, HERE, KEY)


def test_a_variable_is_read_when_the_key_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIG_KEY", f"{KEY}\n")
    assert from_variable("RIG_KEY").reveal() == KEY
    monkeypatch.delenv("RIG_KEY")
    with pytest.raises(SecretError, match="RIG_KEY is not set"):
        from_variable("RIG_KEY")


def sh(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def test_a_command_gives_its_first_line_and_is_run_without_a_shell_or_a_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GPG_TTY", "/dev/tty")
    asked = 'test -t 0 || test -n "$GPG_TTY" || (: </dev/tty) 2>/dev/null || printf \'%s\\nlogin: me\\n\' "$1"'
    assert from_command([*sh(asked), "sh", KEY]).reveal() == KEY
    with pytest.raises(SecretError):
        from_command(["/bin/echo", "$(touch", f"{tmp_path}/made)"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo no such entry >&2; exit 1", "gave no key (exit code 1)"),
        ("exit 0", "gave no key (exit code 0)"),
        ("exec yes", "gave no key within"),
        ("sleep 60 & wait", "gave no key within"),
    ],
    ids=["fails", "silent", "endless", "hangs"],
)
def test_a_command_without_a_key_is_told_by_its_name_only(
    script: str, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SecretError) as refused:
        from_command(sh(f"echo {KEY} >&2; {script}"), seconds=0.2 if "sleep" in script else 20.0)
    assert why in refused.value.title
    assert refused.value.title.startswith("/bin/sh ")
    assert KEY not in "".join(capfd.readouterr())


def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(SecretError, match=r"no-such-program cannot be run \(no such file"):
        from_command(["no-such-program"])


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A keyring of the user's own choice; the file that it keeps."""
    kept = tmp_path / "ring.json"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "ring_of_tests.FileRing")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setenv("RING_FILE", str(kept))
    return kept


def test_where_a_keyring_works_it_has_the_key_and_the_table_has_not(tmp_path: Path, ring: Path) -> None:
    secrets = Secrets(tmp_path / "secrets")
    secret = secrets.keep("rig", HERE, KEY)
    assert (secret.source, secret.place) == (Source.KEYRING, "keyring")
    assert KEY not in secrets.path.read_text()
    assert list(json.loads(ring.read_text()).values()) == [KEY]
    assert secrets.value(secret, HERE).reveal() == KEY
    secrets.forget("rig")
    assert json.loads(ring.read_text()) == {}


def test_a_keyring_that_refuses_is_passed_over_and_what_it_says_is_not_shown(
    tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RING_BROKEN", "1")
    secrets = Secrets(tmp_path / "secrets")
    assert secrets.keep("rig", HERE, KEY).source is Source.FILE
    assert not ring.exists()
    assert KEY not in "".join(capfd.readouterr())


def test_a_machine_whose_keyring_would_ask_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHON_KEYRING_BACKEND", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    assert sys.platform == "darwin" or not Keyring().works()


def test_a_secret_text_knows_whether_there_is_one() -> None:
    assert SecretText("k")
    assert not SecretText("")
