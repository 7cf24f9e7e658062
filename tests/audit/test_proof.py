"""Inclusion proofs: checked by a script that knows nothing of Chassis; any change makes them fail."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chassis_metadata.errors import NotFound
from chassis_platform.audit import check_proof as checker
from chassis_platform.audit.check_proof import ProofError, check_proof
from chassis_platform.audit.keys import load_signer, public_pem, trusted_keys
from chassis_platform.audit.proof import prove_entry

if TYPE_CHECKING:
    from audit.conftest import Journal


def key_of(journal: Journal) -> bytes:
    return public_pem(load_signer(journal.home).private.public_key()).encode()


async def prove(journal: Journal, source: str, entry_id: str) -> dict[str, Any]:
    return await prove_entry(
        journal.database, journal.tenant, trusted_keys(journal.home), source=source, entry_id=entry_id
    )


async def test_every_entry_has_a_proof_that_holds(sealed: Journal) -> None:
    leaves = sealed.as_owner("SELECT source, entry_id, sequence FROM chassis.audit_leaf WHERE tenant_id = {tenant}")

    for source, entry_id, sequence in leaves:
        proof = json.loads(json.dumps(await prove(sealed, source, entry_id)))
        entry, seal = check_proof(proof, key_of(sealed))
        assert (entry["source"], entry["entry"]["id"], seal["sequence"]) == (source, entry_id, sequence)
    assert len(leaves) == 90


async def test_the_script_says_what_was_proven_and_needs_nothing_of_chassis(sealed: Journal, tmp_path: Path) -> None:
    ((entry_id,),) = sealed.as_owner("SELECT min(id) FROM data.login_history WHERE tenant_id = {tenant}")
    proof = await prove(sealed, "login_history", entry_id)
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    (tmp_path / "key.pem").write_bytes(key_of(sealed))

    good = run_script(tmp_path)
    (tmp_path / "proof.json").write_text(json.dumps({**proof, "entry": proof["entry"].replace("ann@", "ben@")}))
    bad = run_script(tmp_path)

    assert good.returncode == 0
    assert "Proven: under seal 1" in good.stdout
    assert entry_id in good.stdout
    assert bad.returncode == 1
    assert bad.stdout == "NOT PROVEN: the entry is not the one that was sealed\n"


def test_the_script_is_short_and_imports_nothing_of_chassis() -> None:
    script = Path(checker.__file__).read_text()

    assert len(script.splitlines()) <= 115
    assert "chassis_" not in script


def run_script(folder: Path) -> subprocess.CompletedProcess[str]:
    shutil.copy(checker.__file__, folder / "check_proof.py")
    return subprocess.run(
        [sys.executable, "-I", "check_proof.py", "proof.json", "key.pem"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("entry", lambda value: value.replace("list", "export")),
        ("index", lambda value: value + 1),
        ("index", lambda _: -1),
        ("index", lambda _: 10**6),
        ("path", lambda value: value[:-1]),
        ("path", lambda value: [*value, "00" * 32]),
        ("path", lambda value: value[::-1]),
        ("path", lambda _: []),
        ("seal", lambda value: value.replace('"sequence":2', '"sequence":3')),
        ("signature", lambda value: value[:-2] + ("00" if value[-2:] != "00" else "01")),
        ("entry_id", lambda _: "0Al000000000000AAA"),
        ("format", lambda _: "something else"),
    ],
)
async def test_a_changed_proof_fails(sealed: Journal, part: str, change: Any) -> None:
    ((entry_id,),) = sealed.as_owner(
        "SELECT entry_id FROM chassis.audit_leaf WHERE tenant_id = {tenant} AND sequence = 2 AND position = 3"
    )
    proof = await prove(sealed, "access_log", entry_id)

    proof[part] = change(proof[part])

    with pytest.raises(ProofError):
        check_proof(proof, key_of(sealed))


async def test_a_proof_under_another_key_fails(sealed: Journal, tmp_path: Path) -> None:
    ((entry_id,),) = sealed.as_owner("SELECT min(id) FROM data.access_log WHERE tenant_id = {tenant}")
    proof = await prove(sealed, "access_log", entry_id)
    other = public_pem(load_signer(tmp_path / "other").private.public_key()).encode()

    with pytest.raises(ProofError, match="not signed with this key"):
        check_proof(proof, other)


async def test_the_proof_of_an_entry_changed_since_fails(sealed: Journal) -> None:
    ((entry_id,),) = sealed.as_owner("SELECT min(id) FROM data.access_log WHERE tenant_id = {tenant}")
    sealed.as_owner("UPDATE data.access_log SET door = 'export' WHERE tenant_id = {tenant} AND id = %s", entry_id)

    with pytest.raises(ProofError, match="not the one that was sealed"):
        check_proof(await prove(sealed, "access_log", entry_id), key_of(sealed))


async def test_a_proof_shows_the_whole_entry_whatever_the_format_of_its_seal(mixed: Journal) -> None:
    for sequence in (1, 2):
        ((entry_id, name, user_id, created_by_id),) = mixed.as_owner(
            "SELECT e.id, e.name, e.user_id, e.created_by_id FROM data.access_log e JOIN chassis.audit_leaf l"
            " ON l.tenant_id = e.tenant_id AND l.entry_id = e.id"
            " WHERE e.tenant_id = {tenant} AND l.sequence = %s AND l.position = 1",
            sequence,
        )
        proof = await prove(mixed, "access_log", entry_id)

        entry, seal = check_proof(proof, key_of(mixed))

        assert seal["format"] == f"chassis-audit-seal-{sequence}"
        assert ('"row_version"' in proof["entry"]) == (sequence == 1)
        shown = {
            each: entry["entry"].get(each) for each in ("name", "user_id", "created_by_id", "row_version", "custom")
        }
        assert shown == {
            "name": name,
            "user_id": user_id,
            "created_by_id": created_by_id,
            "row_version": 1,
            "custom": "{}",
        }


async def test_what_is_not_sealed_has_no_proof(sealed: Journal) -> None:
    (entry_id,) = await sealed.write(1)

    with pytest.raises(NotFound, match="No seal holds"):
        await prove(sealed, "access_log", entry_id)
    with pytest.raises(NotFound, match="is no journal"):
        await prove(sealed, "job", entry_id)
