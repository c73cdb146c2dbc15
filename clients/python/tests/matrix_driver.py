"""This client's part of the matrix: test/matrix/jobs.ts of the repository says what it is told, and what it answers."""

import asyncio
import json
import sys
from typing import Any

import atedb
from atedb.events.public_key_text import parse_public_key_text, public_key_text


async def carry_out(order: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    encryption = job.get("encryption", "auto")
    async with atedb.connect(order["server"], home=order["home"], encryption=encryption) as client:
        if job["do"] == "key":
            chain = await client.open("example.com/matrix/none")
            return {"key": public_key_text(chain.own_key)}
        async with await client.open(
            job["chain"],
            trust_mode=job["trustMode"],
            confidential=job["confidential"],
            for_append=job["do"] == "append",
            # Only where it is needed, and so at servers with an auth service.
            **({"claim": True} if job.get("claim") else {}),
        ) as chain:
            return await (read_all(chain) if job["do"] == "read" else append(chain, job))


async def append(chain: atedb.Chain, job: dict[str, Any]) -> dict[str, Any]:
    if job["confidential"] and chain.genesis is None:
        await chain.set_readers([parse_public_key_text(reader) for reader in job["readers"]])
    appended = await asyncio.gather(*(chain.append(text) for text in job["texts"]))
    return {"last": appended[-1].last_sequence}


async def read_all(chain: atedb.Chain) -> dict[str, Any]:
    head = await chain.verify()
    events = [
        {
            "sequence": event.sequence,
            "kind": event.kind,
            "primaryKey": event.primary_key.hex(),
            "data": (event.data or b"").hex(),
            "sealed": "" if event.sealed is None else event.sealed.state,
            "fingerprint": event.fingerprint.hex(),
            "writerId": event.writer_id.hex(),
            "vouchedBy": event.vouched_by,
            "committedUnixMs": event.committed_unix_ms,
        }
        async for event in chain.read()
    ]
    assert chain.chain_id is not None
    return {"chainId": chain.chain_id.hex(), "size": head.size, "root": head.root.hex(), "events": events}


async def main() -> None:
    order = json.load(sys.stdin)
    results = []
    for job in order["jobs"]:
        try:
            results.append(await carry_out(order, job))
        except Exception as error:
            results.append({"error": repr(error)})
    json.dump(results, sys.stdout)


asyncio.run(main())
