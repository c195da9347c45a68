"""Knowledge bases on the emulator, as the official client reads them."""

import json
import socket

import httpx
import pytest

from ernie_magic.emulator.platform.demo_documents import BASE_ID

# What the official client's classes require (appbuilder-sdk 1.1.5,
# appbuilder/core/console/knowledge_base/data_class.py).
PAGE = {"requestId", "data", "marker", "isTruncated", "nextMarker", "maxKeys"}
DOCUMENT = {"documentId", "name", "createdAt", "status", "meta"}
CHUNK = {
    *("id", "type", "knowledgeBaseId", "documentId", "content", "enabled", "wordCount"),
    *("tokenCount", "status", "statusMessage", "imageUrls", "createTime"),
}
FOUND = {
    *("chunk_id", "knowledgebase_id", "document_id", "chunk_type", "content"),
    *("create_time", "update_time", "retrieval_score", "rank_score"),
}


@pytest.fixture
def client(emulator):
    headers = {"Authorization": "Bearer bce-v3/ALTAK-x/0123"}
    options = {"base_url": emulator.url, "headers": headers, "trust_env": False, "verify": False}
    with httpx.Client(**options) as client:
        yield client


def call(client, action, body, path="knowledgeBase"):
    reply = client.post(f"/v2/{path}?Action={action}", json=body)
    return reply.status_code, reply.json()


def upload(client, base_id, content, client_token="", name="a.txt", **payload):
    return client.post(
        f"/v2/knowledgeBase?Action=UploadDocuments&clientToken={client_token}",
        data={"payload": json.dumps({"id": base_id, "source": {"type": "file"}, **payload})},
        files={"file": (name, content)},
    )


@pytest.fixture
def base_id(client):
    body = {"name": "x", "config": {"index": {"type": "bes", "password": "s"}}}
    _, created = call(client, "CreateKnowledgeBase", body)
    assert "password" not in json.dumps(created)
    yield created["id"]
    call(client, "DeleteKnowledgeBase", {"id": created["id"]})


def statuses(client, base_id):
    _, page = call(client, "DescribeDocuments", {"knowledgeBaseId": base_id})
    assert set(page) >= {*PAGE, "totalCount"}
    assert all(set(document) >= DOCUMENT for document in page["data"])
    return [document["status"] for document in page["data"]]


def test_a_document_moves_with_each_look_and_is_found_at_the_end(client, base_id):
    assert upload(client, base_id, "周一闭馆。".encode()).status_code == 200
    search = {"query": "哪天闭馆？", "knowledgebase_ids": [base_id]}
    for state in ("queuing", "parsing", "indexing"):
        assert client.post("/v2/knowledgebases/query", json=search).json()["chunks"] == []
        assert statuses(client, base_id) == [state]
    assert statuses(client, base_id) == statuses(client, base_id) == ["available"]
    found = client.post("/v2/knowledgebases/query", json=search).json()
    assert [set(chunk) >= FOUND for chunk in found["chunks"]] == [True]
    assert found["total_count"] == 1


def test_a_token_registers_a_document_once(client, base_id):
    ids = {
        upload(client, base_id, b"a", client_token=token).json()["documentId"] for token in "112"
    }
    assert len(ids) == len(statuses(client, base_id)) == 2


def test_half_an_upload_registers_nothing(client, emulator, base_id):
    port = int(emulator.url.rpartition(":")[2])
    request = client.build_request(
        "POST",
        "/v2/knowledgeBase?Action=UploadDocuments",
        data={"payload": json.dumps({"id": base_id, "source": {"type": "file"}})},
        files={"file": ("a.txt", b"x" * 100_000)},
    )
    lines = [f"POST {request.url.raw_path.decode()} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head + request.read()[:50_000])
    assert statuses(client, base_id) == []


def test_chunks_are_described_changed_and_left_out_of_searches(client, base_id):
    document_id = upload(client, base_id, "周一闭馆。".encode()).json()["documentId"]
    for _ in range(4):
        statuses(client, base_id)
    named = {"knowledgeBaseId": base_id, "documentId": document_id}
    _, page = call(client, "DescribeChunks", named)
    (chunk,) = page["data"]
    assert set(chunk) >= CHUNK
    _, made = call(client, "CreateChunk", {**named, "content": "周二也闭馆。"})
    one = {"knowledgeBaseId": base_id, "chunkId": chunk["id"]}
    call(client, "ModifyChunk", {**one, "content": "周三闭馆。", "enable": False})
    assert call(client, "DescribeChunk", one)[1]["content"] == "周三闭馆。"
    search = {"query": [{"type": "text", "text": "闭馆"}], "knowledgebase_ids": [base_id]}
    found = client.post("/v2/knowledgebases/search", json=search).json()["chunks"]
    assert [each["chunk_id"] for each in found] == [made["id"]]
    call(client, "DeleteChunk", {**one, "chunkId": made["id"]})
    assert client.post("/v2/knowledgebases/search", json=search).json()["chunks"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/knowledgeBase?Action=CreateKnowledgeBase", {"name": ""}),
        ("/v2/knowledgeBase?Action=CreateKnowledgeBase", {"name": "x", "config": 1}),
        ("/v2/knowledgeBase?Action=DescribeKnowledgeBase", {"id": "none"}),
        ("/v2/knowledgeBase?Action=CreateDocuments", {"id": BASE_ID, "source": {"type": "web"}}),
        ("/v2/knowledgeBase?Action=UploadDocuments", {"id": BASE_ID}),
        ("/v2/knowledgebases/search", {"query": "x", "knowledgebase_ids": [BASE_ID]}),
        ("/v2/knowledgebases/query", {"query": "x", "knowledgebase_ids": []}),
        ("/v2/knowledgebases/query", {"query": "x", "knowledgebase_ids": [BASE_ID], "top": 0}),
        ("/v2/app/conversation", {"app_id": "none"}),
        ("/v2/app/conversation/runs", {"app_id": "none"}),
        ("/v2/app?Action=DescribeApp", {"id": "none"}),
    ],
)
def test_wrong_fields_are_refused(client, path, body):
    reply = client.post(path, json=body)
    assert (reply.status_code, set(reply.json())) == (400, {"requestId", "code", "message"})


def test_without_a_key_nothing_is_answered(emulator):
    with httpx.Client(base_url=emulator.url, trust_env=False, verify=False) as client:  # noqa: S501
        assert client.post("/v2/knowledgebases/search", json={}).status_code in (401, 403)
