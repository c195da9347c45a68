"""Calls of the official AppBuilder client, in a process of their own.

Usage: python -m tests.emulator.appbuilder_calls FOLDER, which has the files `library.txt` and `rules.txt`. Prints
one JSON object per call to standard output. It imports nothing of ours: the client has an
environment of its own.
"""

import json
import sys
from pathlib import Path

import appbuilder
from appbuilder.core.console.appbuilder_client import appbuilder_client
from appbuilder.core.console.appbuilder_client.data_class import Action
from appbuilder.core.console.appbuilder_client.event_handler import AppBuilderEventHandler
from appbuilder.core.console.knowledge_base import data_class

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "description": "查询城市的天气",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string", "description": "城市"}},
            "required": ["location"],
        },
    },
}


def said(call, **facts):
    print(json.dumps({"call": call, **facts}, ensure_ascii=False), flush=True)


def knowledge(folder):
    base = appbuilder.KnowledgeBase()
    created = base.create_knowledge_base("library", "rules", "public")
    said("create", named=base.get_knowledge_base_detail().name == created.name)
    base.modify_knowledge_base(created.id, name="library-2")
    listed = base.get_knowledge_base_list(created.id, maxKeys=10)
    said("list", names=[each.name for each in listed.data], truncated=listed.isTruncated)
    uploaded = base.upload_documents(str(folder / "library.txt"))
    source = data_class.DocumentSource(type="web", urls=["https://example.com/a"])
    web = base.create_documents(source=source, contentFormat="rawText")
    said("documents", uploaded=bool(uploaded.documentId), web=len(web.documentIds))
    states = [[each.status for each in base.describe_documents().data] for _ in range(4)]
    said("states", states=states)
    found = base.query_knowledge_base("哪天闭馆？", [created.id], rank_score_threshold=0.4)
    said("query", texts=[chunk.content for chunk in found.chunks], total=found.total_count)
    chunk_id = base.create_chunk(uploaded.documentId, "图书馆周二也闭馆。").id
    base.modify_chunk(chunk_id, "图书馆周三闭馆。", enable=True)
    detail = base.describe_chunk(chunk_id)
    chunks = base.describe_chunks(uploaded.documentId)
    said("chunks", content=detail.content, count=len(chunks.data))
    base.delete_chunk(chunk_id)
    base.delete_document(web.documentIds[0])
    said("left", documents=len(base.get_all_documents()))
    base.delete_knowledge_base()
    try:
        base.get_knowledge_base_detail()
    except Exception as error:  # noqa: BLE001
        said("deleted", error=type(error).__name__)


def application(folder):
    apps = appbuilder_client.describe_apps(marker="", maxKeys=10)
    said("apps", names=[app.name for app in apps])
    shop = appbuilder.AppBuilderClient(apps[0].id)
    said("app", name=appbuilder_client.describe_app(shop.app_id).name)
    conversation_id = shop.create_conversation()
    answer = shop.run(conversation_id, "咖啡豆拆封后能退吗？").content
    references = [
        reference["document_name"]
        for event in answer.events
        if event.content_type == "rag"
        for reference in event.detail["references"]
    ]
    said("run", answer=answer.answer, references=references)
    shop.feedback(conversation_id, answer.message_id, "upvote")
    pieces = list(shop.run(conversation_id, "咖啡豆拆封后能退吗？", stream=True).content)
    usage = [event.usage.total_tokens for piece in pieces for event in piece.events if event.usage]
    said("stream", answer="".join(piece.answer for piece in pieces), usage=usage)
    chat = appbuilder.AppBuilderClient(apps[1].id)
    conversation_id = chat.create_conversation()
    file_id = chat.upload_local_file(conversation_id, str(folder / "rules.txt"))
    said("file", answer=chat.run(conversation_id, "哪天闭馆？", file_ids=[file_id]).content.answer)

    class Handler(AppBuilderEventHandler):
        def interrupt(self, _context, response):
            (call,) = response.events[-1].tool_calls
            said("tool", name=call.function.name, arguments=call.function.arguments)
            return [{"tool_call_id": call.id, "output": "北京 20 度"}]

        def success(self, _context, _response):
            said("success")

    for is_streamed in (False, True):
        steps = chat.run_with_handler(
            conversation_id,
            "北京的天气怎么样？",
            tools=[WEATHER],
            stream=is_streamed,
            event_handler=Handler(),
        )
        replies = [getattr(step, "content", step) for step in steps]
        said("tools", answer="".join(reply.answer for reply in replies), stream=is_streamed)


def flow():
    app = appbuilder.AppBuilderClient(appbuilder_client.describe_apps(marker="")[2].id)
    conversation_id = app.create_conversation()
    action = None
    turns = []
    for query in ("我要退货", "A-17", "太酸"):
        steps = list(app.run(conversation_id, query, stream=True, action=action).content)
        told = [event for step in steps for event in step.events]
        messages = [e.detail["message"] for e in told if e.content_type == "publish_message"]
        asked = [e.detail for e in told if e.content_type == "chatflow_interrupt"]
        text = "".join([*messages, *(step.answer for step in steps)])
        turns.append(text)
        if asked:
            action = Action.create_resume_action(asked[0]["interrupt_event_id"])
    said("flow", turns=turns)


knowledge(Path(sys.argv[1]))
flow()
application(Path(sys.argv[1]))
