"""This client's part of the benchmark of clients: bench/clients/jobs.ts of the repository says what it is told and answers."""

import asyncio
import json
import os
import sys
import time
from typing import Any

import atedb

# A condition that always holds, and makes each append a batch of its own.
ALONE = atedb.Conditions(lands_before=2**53 - 1)


async def append(client: atedb.Client, job: dict[str, Any]) -> dict[str, Any]:
    size: int = job["dataBytes"]
    async with await client.open(job["chain"]) as chain:
        await chain.append(os.urandom(size))
        lists = [[os.urandom(size) for _ in range(job["eventsPerBatch"])] for _ in range(job["batches"])]
        room = asyncio.Semaphore(job["inFlight"])

        async def one(events: list[bytes]) -> None:
            async with room:
                await chain.append(events, conditions=ALONE)

        start = time.perf_counter()
        await asyncio.gather(*(one(events) for events in lists))
        return {"events": sum(map(len, lists)), "seconds": time.perf_counter() - start}


async def replay(client: atedb.Client, job: dict[str, Any]) -> dict[str, Any]:
    async with await client.open(job["chain"], for_append=False) as chain:
        start = time.perf_counter()
        events = size = 0
        async for event in chain.read():
            events += 1
            size += len(event.data)
        seconds = time.perf_counter() - start
        if size == 0:
            raise RuntimeError("it has read no data")
        return {"events": events, "seconds": seconds}


async def main() -> None:
    order = json.load(sys.stdin)
    results = []
    for job in order["jobs"]:
        try:
            async with atedb.connect(order["server"], home=order["home"]) as client:
                results.append(await (append if job["do"] == "append" else replay)(client, job))
        except Exception as error:
            results.append({"error": repr(error)})
    json.dump(results, sys.stdout)


asyncio.run(main())
