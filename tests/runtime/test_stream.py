"""A stream is read by anybody, from its beginning."""

import asyncio
from contextlib import aclosing

from ernie_magic.runtime.call import Call
from ernie_magic.runtime.events import Delta
from ernie_magic.runtime.stream import Stream


def test_several_readers_each_read_the_whole_from_the_beginning(emulator, monkeypatch):
    from ernie_magic.session import Session

    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-readers")
    with Session(model="ernie-3.5-8k") as session:

        async def both():
            stream = session.stream("[[chunks=50]]")
            return await asyncio.gather(stream.aresult(), stream.aresult())

        one, other = asyncio.run(both())
        assert one is other
        stream = session.stream("[[echo]]hello there", history=False)
        assert list(stream) == list(stream) == ["hello", " there"]
        assert stream.result().text == "hello there"
        assert repr(stream) == "Stream(done)"
        stream = session.stream("[[echo]]hello there", history=False)
        assert next(stream) == "hello"
        assert (list(stream), next(stream, "end")) == ([" there"], "end")


def test_a_stream_is_closed_with_its_block(emulator, monkeypatch):
    from ernie_magic.session import Session

    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-readers")
    with Session(model="ernie-3.5-8k") as session:
        with session.stream("[[echo]]hello there") as stream:
            assert list(stream) == ["hello", " there"]
        with session.stream("[[chunks=50]][[pace=50ms]]") as stream:
            next(iter(stream))
        assert stream.result().partial

        async def in_coroutine():
            async with session.stream("[[echo]]hello there") as stream:
                return [piece async for piece in stream]

        assert asyncio.run(in_coroutine()) == ["hello", " there"]

        async def as_other_clients_write_it():
            stream = await session.astream("[[echo]]hello there")
            first = await anext(stream)
            async with aclosing(session.astream("[[chunks=50]][[pace=50ms]]")) as left:
                await anext(left)
            return [first, *[piece async for piece in stream], left.result().partial]

        assert asyncio.run(as_other_clients_write_it()) == ["hello", " there", True]


def test_leaving_an_awaiting_loop_early_ends_the_call_unless_another_still_reads_it():
    async def emit_and_wait(emit):
        emit(Delta("a"))
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "partial"

    async def leave_two_loops():
        stream = Stream(Call(emit_and_wait), lambda: "en")
        other = aiter(stream)
        assert await anext(other) == "a"
        async for text in stream:
            assert text == "a"
            break
        await asyncio.sleep(0.05)
        assert not stream.is_done
        await other.aclose()
        return stream.result()

    assert asyncio.run(leave_two_loops()) == "partial"
