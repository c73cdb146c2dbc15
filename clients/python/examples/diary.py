"""A diary that only its writer can read: append to it, read it, follow it.

Start a server in the repository, `npm start`, then: python examples/diary.py "Dear diary, ..."
"""

import asyncio
import sys

import atedb


async def main(lines: list[str]) -> None:
    say = lambda notice: print(f"({notice.message})", file=sys.stderr)  # noqa: E731
    async with (
        atedb.connect("localhost:5000", on_notice=say) as client,
        await client.open("example.com/me/py_diary", confidential=True, claim=True) as diary,
    ):
        if diary.genesis is None:
            # A confidential chain begins with who reads it: with nobody named, whoever writes.
            await diary.set_readers([])
        for line in lines:
            where = await diary.append(line)
            print(f"written as event {where.last_sequence}")
        async for event in diary.read():
            if event.kind == "data":
                print(f"{event.sequence:4}  {event.data.decode()}")


asyncio.run(main(sys.argv[1:]))
