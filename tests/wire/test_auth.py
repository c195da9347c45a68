"""The signature, compared with vectors that the official client's own signer computed.

The algorithm: "生成认证字符串" (https://cloud.baidu.com/doc/Reference/s/njwvz1yfu); the signer: the
`qianfan` package (https://github.com/baidubce/bce-qianfan-sdk).
"""

import asyncio

import pytest

from ernie_magic import errors
from ernie_magic.config.keys import Key, Pair
from ernie_magic.session import Session
from ernie_magic.wire import auth
from ernie_magic.wire.auth import canonical_request, sign_request

PAIR = Pair(
    Key("0b0f67dfb88244b289b72b142befad0c", secret=False),
    Key("bad522c2126a4618a8125f4b6cf6356f", secret=False),
)
AT, DATE = 1709088025, "2024-02-28T02:40:25Z"
JSON = {"Content-Type": "application/json", "x-bce-date": DATE}
V1 = "https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop/chat"

VECTORS = {
    "chat": (
        "POST",
        f"{V1}/completions",
        {**JSON, "Host": "aip.baidubce.com", "Request_id": "sdk-py-test-0001"},
        "d58c08ff7c61aacffe11a1d304ca7213106aa236789de9c35d6715deb3b1ccf1",
    ),
    "bearer": (
        "GET",
        "https://iam.bj.baidubce.com/v1/BCE-BEARER/token?expireInSeconds=43200",
        {**JSON, "Host": "iam.bj.baidubce.com"},
        "e2d47835cdd419691655cd16f75e91e17400c2649a59dea2df0bc31a5f9a03d9",
    ),
    "query and headers": (
        "POST",
        "https://aip.baidubce.com/v2/service?Action=DescribeServices&%E5%90%8D%E5%AD%97=%E5%8D%83%E5%B8%86%20%E6%A8%A1%E5%9E%8B/v1&a~b=~._-*'()!&empty=",
        {**JSON, "Host": "aip.baidubce.com", "X-Custom": "a b/c:d", "x-bce-foo": "Bar"},
        "3ee152e565b5fea4899f529fd0d146c1479a00da7d3315910aeffdb550dcea59",
    ),
    "encoded path": (
        "POST",
        f"{V1}/%E6%88%91%E7%9A%84%20%E6%A8%A1%E5%9E%8B",
        {**JSON, "Host": "aip.baidubce.com"},
        "e6a74030d74378b084a6e691f75302ef4d1500610dc60404001d33f23ac4cdc5",
    ),
    # Our client encodes the path first, as the specification says.
    "raw path": (
        "POST",
        f"{V1}/我的 模型",
        {**JSON, "Host": "aip.baidubce.com"},
        "e6a74030d74378b084a6e691f75302ef4d1500610dc60404001d33f23ac4cdc5",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_the_official_signer_s_vectors(name):
    method, url, headers, signature = VECTORS[name]
    assert (
        sign_request(PAIR, method, url, headers, epoch_seconds=AT).rpartition("/")[2] == signature
    )


def test_the_whole_header_of_the_first_vector():
    method, url, headers, signature = VECTORS["chat"]
    assert sign_request(PAIR, method, url, headers, epoch_seconds=AT) == (
        f"bce-auth-v1/0b0f67dfb88244b289b72b142befad0c/{DATE}/300/content-type;host;request_id;x-bce-date/{signature}"
    )


def test_the_canonical_request_of_the_third_vector():
    method, url, headers, _ = VECTORS["query and headers"]
    canonical, names = canonical_request(method, url, headers)
    assert canonical.split("\n") == [
        "POST",
        "/v2/service",
        "%E5%90%8D%E5%AD%97=%E5%8D%83%E5%B8%86%20%E6%A8%A1%E5%9E%8B%2Fv1&Action=DescribeServices&a~b=~._-%2A%27%28%29%21&empty=",
        "content-type:application%2Fjson",
        "host:aip.baidubce.com",
        "x-bce-date:2024-02-28T02%3A40%3A25Z",
        "x-bce-foo:Bar",
        "x-custom:a%20b%2Fc%3Ad",
    ]
    assert names == "content-type;host;x-bce-date;x-bce-foo;x-custom"


def test_the_storage_sample_with_1800_seconds():
    pair = Pair(Key("a" * 32, secret=False), Key("b" * 32, secret=False))
    url = "https://bj.bcebos.com/v1/test/myfolder/readme.txt?partNumber=9&uploadId=a44cc9bab11cbd156984767aad637851"
    headers = {
        "Host": "bj.bcebos.com",
        "Content-Type": "text/plain",
        "Content-Length": "8",
        "Content-Md5": "NFzcPqhviddjRNnSOGo4rw==",
        "x-bce-date": "2015-04-27T08:23:49Z",
    }
    assert sign_request(pair, "PUT", url, headers, epoch_seconds=1430123029, seconds=1800).endswith(
        "/d74a04362e6a848f5b39b15421cb449427f419c95a480fd6b8cf9fc783e2999e"
    )


@pytest.fixture
def studio(emulator, monkeypatch):
    monkeypatch.setenv("AI_STUDIO_BASE_URL", emulator.base_url)
    monkeypatch.setenv("AI_STUDIO_API_KEY", "k-odd-tools")
    emulator.requests.clear()
    with Session(model="ernie-3.5-8k", backoff_factor=0.0) as session:
        yield session


def test_a_token_server_that_is_down_is_asked_once_by_all_who_wait(studio, emulator, monkeypatch):
    waiting, calls, exchange = [], [], auth._access_token
    all_wait = asyncio.Event()
    wait_for_token = auth.Credentials._current_token

    async def wait(*given):
        waiting.append(given)
        if len(waiting) == 20:
            all_wait.set()
        return await wait_for_token(*given)

    monkeypatch.setattr(auth.Credentials, "_current_token", wait)

    async def slow(*given):
        calls.append(given)
        await all_wait.wait()
        return await exchange(*given)

    monkeypatch.setattr(auth, "_access_token", slow)
    monkeypatch.setenv("QIANFAN_BASE_URL", emulator.url)
    monkeypatch.setenv("QIANFAN_AK", "an-application")
    monkeypatch.setenv("QIANFAN_SK", "bad-secret-of-it")

    async def all_at_once(session):
        return await asyncio.gather(
            *[session.achat("hi", history=False) for _ in range(20)], return_exceptions=True
        )

    with Session(service="qianfan-v1", model="ernie-3.5-8k") as session:
        came = asyncio.run(all_at_once(session))
    assert {type(error) for error in came} == {errors.AuthenticationFailed}
    assert len(calls) == 1
