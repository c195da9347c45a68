"""A stream is read by anybody, from its beginning."""

import asyncio


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
