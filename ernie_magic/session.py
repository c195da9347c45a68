"""The session: settings, conversations, usage, and a thin layer of plain and async calls over one
async client.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast

from ernie_magic.api.public_names import ASKING, SuggestsNames, names_by_use, stays_in_process
from ernie_magic.api.signatures import explained, with_signature
from ernie_magic.api.usage_log import UsageLog
from ernie_magic.calls.chat.conversations import IS_CONVERSATION, Conversations
from ernie_magic.calls.chat.history import MAIN, TURNS
from ernie_magic.calls.images.image_sets import ImageSets
from ernie_magic.calls.raw import RawCalls
from ernie_magic.calls.tables.made_columns import MadeColumns
from ernie_magic.config import services
from ernie_magic.config.settings import (
    SERVICE_SETTINGS,
    SETTING_NAMES,
    ErnieSettings,
    choose_in_flight,
)
from ernie_magic.errors import (
    ErnieError,
    InvalidMessages,
    InvalidOption,
    UnknownAttribute,
)
from ernie_magic.qianfan.groups import PlatformGroups
from ernie_magic.runtime.observers import Watchers
from ernie_magic.runtime.once import awaited, blocking, with_other_names
from ernie_magic.runtime.user_warnings import warn_user
from ernie_magic.text.encodings import printable
from ernie_magic.text.language import Text, clip_text
from ernie_magic.text.suggest import DID_YOU_MEAN, did_you_mean

# What a call needs is imported where the call begins: a session is made when the extension loads,
# which must cost little.
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from typing_extensions import Unpack

    from ernie_magic.api.keywords import (
        ChatArguments,
        ChatParameters,
        CompletionParameters,
        EmbeddingParameters,
        ImageArguments,
        ImageParameters,
        RerankParameters,
        SettingValues,
    )
    from ernie_magic.api.messages import Message
    from ernie_magic.api.models import Listed
    from ernie_magic.api.requests import (
        CompletionRequest,
        EmbeddingRequest,
        ImageRequest,
        RerankRequest,
    )
    from ernie_magic.api.results import Answer, Embeddings, Ranking
    from ernie_magic.calls.chat.conversation import Conversation, FindPassages
    from ernie_magic.calls.chat.history import History, Turn
    from ernie_magic.calls.embeddings.similarity import Found
    from ernie_magic.calls.images.pictures import ImageSet, Picture
    from ernie_magic.calls.images.recipes import Remakable
    from ernie_magic.calls.tables.map import UnsavedAnswer
    from ernie_magic.calls.tables.result import Mapped
    from ernie_magic.calls.tables.rows import RowSender
    from ernie_magic.calls.tables.template import Template
    from ernie_magic.calls.workers import RemoteExecutor
    from ernie_magic.client import Client
    from ernie_magic.config.credentials import Endpoint
    from ernie_magic.notebook.panels.panel import Panel
    from ernie_magic.runtime.stream import Steps, Stream
    from ernie_magic.text.tokens import TokenCount
    from ernie_magic.wire.throttling.throttle import LimitState

# Tab shows these first; the async forms and those that only begin a call come behind them.
_IN_ORDER_OF_USE = (
    "chat",
    "stream",
    "image",
    "embed",
    "map",
    "history",
    "last",
    "usage",
    "images",
    "panel",
    "models",
    "use",
    "use_endpoint",
    "settings",
    "search",
    "redo",
    "vary",
    "download",
    "recipe",
    "complete",
    "stream_completion",
    "rerank",
    "count_tokens",
    "templates",
    "knowledge",
    "apps",
    "services",
    "tuning",
    "datasets",
    "batches",
    "batch_inference",
    "files",
    "wire",
    "conversation",
    "conversations",
    "load_conversation",
    "reset",
    "limits",
    "reset_limits",
    "endpoint",
    "close",
)
_SHOWN_PROMPT = 40  # characters
_INTERNAL = ("changed", "client", "listed_models", "with_language")
# `ernie.temperature = 0.3` would set nothing.
_NO_SETTING = Text(
    "{name} 是设置，不能直接赋给会话", "{name} is a setting, which the session itself does not have"
)
_SET_THERE = Text("写成 ernie.settings.{name} = …", "write ernie.settings.{name} = …")
_NOT_CALLABLE = Text("会话不能像函数那样调用", "a session is not a function")
_CALL_CHAT = Text("提问用 {call}", "to ask something use {call}")
_ALWAYS_MAIN = Text(
    "会话自己的 chat、stream 和 history 始终属于对话 main",
    "the session's own chat, stream and history always belong to the conversation main",
)
_ASK_THERE = Text(
    '在另一个对话里提问：ernie["tutor"].chat(…)，单元格里 %%ernie -s tutor',
    'ask in another one by ernie["tutor"].chat(…), in a cell by %%ernie -s tutor',
)
_NO_CONVERSATION = Text("没有叫 {name} 的对话", "there is no conversation {name}")
_EMBEDDING = Text("向量", "vectors")
_MAPPING = Text("行", "rows")


class Session(SuggestsNames, PlatformGroups):
    """What magics, Python calls and panels share: settings, connections, usage and conversations.

    `ernie.chat("…")` asks, and `ernie.stream("…")` does so piece by piece; `ernie.image("…")` makes
    pictures, `ernie.embed([…])` vectors, `ernie.map("… {{text}}", table)` asks about each row of a
    table, and `ernie.panel()` shows all of it with sliders. `ernie["tutor"]` is another
    conversation. A question mark behind any of them explains its parameters: `ernie.chat?`.

    Parameters
    ----------
    settings
        An `ErnieSettings`; a new one when None.
    **values
        Initial settings (`service`, `model`, `api_key`, `access_key` with `secret_key`,
        `bearer_token`, `app_id`, `base_url`, `headers`, `endpoint`, `language`, `temperature` …).

    Attributes
    ----------
    conversations : dict of Conversation
    usage : UsageLog
    images : list of ImageSet
        Every set that was made, oldest first; `images.clear()` releases them.
    last : Answer | Embeddings | ImageSet | Mapped | Ranking | None
        The last result.
    settings : ErnieSettings
        What a call uses that does not say.

    Notes
    -----
    A call has three forms with the same parameters: `image` waits for the result, `aimage` is
    awaited, and `begin_image` returns at once, with a `Stream` of the result. "Returns" in the help
    of a `begin_…` is what its stream gives. `begin_search` starts its calls only when its result is
    waited for.
    """

    _client: Client
    _python_value_: ClassVar[None] = None
    _meant_by: ClassVar[Mapping[str, str]] = {
        **ASKING,
        **dict.fromkeys(("draw", "paint", "picture", "generate_image"), "image"),
        **dict.fromkeys(("embedding", "embeddings", "vectors"), "embed"),
        **dict.fromkeys(("cost", "tokens"), "usage"),
        **dict.fromkeys(("messages", "turns"), "history"),
        **dict.fromkeys(("clear", "forget"), "reset"),
    }

    @with_signature
    def __init__(
        self, settings: ErnieSettings | None = None, **values: Unpack[SettingValues]
    ) -> None:
        if settings is not None and not isinstance(settings, ErnieSettings):
            raise TypeError(
                "settings is an ErnieSettings; single settings are given by name, as "
                "Session(model=…)"
            )
        self._settings = settings or ErnieSettings()
        self.usage = UsageLog()
        self.images: list[ImageSet] = ImageSets()
        # Called after each result, for each new conversation, and when one is changed or deleted.
        self.changed = Watchers()
        self.conversations: Conversations[Conversation] = Conversations(self.changed)
        self.last: Answer | Embeddings | ImageSet | Mapped | Ranking | None = None
        self.wire = RawCalls(lambda: self.client)
        # Answers to rows of tables that are not yet in a ledger.
        self._unsaved_answers: dict[bytes, UnsavedAnswer] = {}
        self._made_columns = MadeColumns()
        try:
            self._settings.assign_all(values)
        except (InvalidOption, TypeError) as error:
            # No frame of the traceback holds what was given: it may be a key.
            values = {}
            raise error.with_traceback(None) from None

    @property
    def settings(self) -> ErnieSettings:
        """The settings of every call, in one object for the life of the session."""
        return self._settings

    @property
    def client(self) -> Client:
        """What makes the calls, with its connections; from the first call on."""
        if "_client" not in vars(self):
            from ernie_magic.client import Client

            client = Client(self.settings, self.usage, self._record_result)
            # Two threads that come here at the same time get the same one.
            vars(self).setdefault("_client", client)
        return self._client

    # --- conversations ----------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation:
        """The conversation that the session's own `chat`, `stream` and `history` belong to."""
        return self[MAIN]

    @conversation.setter
    def conversation(self, _: object) -> None:
        raise self.with_language(UnknownAttribute(_ALWAYS_MAIN, advice=_ASK_THERE))

    @property
    def history(self) -> History:
        """The turns of the current conversation. `ernie.history = …` replaces them by other turns,
        or by messages.
        """
        return self.conversation.history

    @history.setter
    def history(self, turns: Iterable[Turn | Message]) -> None:
        self.conversation.history = turns

    def __getitem__(self, name: str) -> Conversation:
        """Return the conversation of that name; a new one when there is none yet."""
        if not isinstance(name, str) or not name:
            from ernie_magic.calls.chat.conversation import unnamed_conversation

            raise self.with_language(unnamed_conversation())
        if name not in self.conversations:
            from ernie_magic.calls.chat.conversation import Conversation

            made = Conversation(
                self.client,
                name,
                self.conversations,
                self.__getitem__,
                self._prepare_search,
            )
            # Threads that ask at the same time share one: the first that was made.
            if self.conversations.setdefault(name, made) is made:
                self.changed.notify_watchers()
        return self.conversations[name]

    def __delitem__(self, name: str) -> None:
        """Forget a conversation, its name as well; `reset` forgets its turns alone.

        Raises
        ------
        InvalidOption
            There is none of that name.
        """
        if self.conversations.pop(name, None) is None:
            raise self.with_language(
                InvalidOption(
                    _NO_CONVERSATION.fill(name=name),
                    advice=did_you_mean(str(name), self.conversations),
                )
            )

    def __contains__(self, name: object) -> bool:
        """Whether there is a conversation of that name."""
        return name in self.conversations

    def __iter__(self) -> Iterator[str]:
        """Iterate over the conversations' names."""
        return iter([*self.conversations])

    def _prepare_search(self, names: Sequence[str]) -> FindPassages:
        # Knowledge bases are loaded with the first prompt that names one.
        return self.knowledge.prepare_search(names)

    def load_conversation(
        self, source: str | Path | bytes | bytearray | memoryview | Sequence[Message]
    ) -> Conversation:
        """Continue a conversation that `Conversation.save` wrote, or one of the API's messages,
        beside those that are there. A warning tells of pictures in it that cannot be read.

        Parameters
        ----------
        source
            The file, or its content as bytes; or the messages themselves. A JSON file may hold
            messages as well.

        Raises
        ------
        InvalidOption
            It cannot be read, or is not a saved conversation.
        InvalidMessages
            A message has no answer, or no prompt before it.

        Returns
        -------
        Conversation
            Under its name; under one like `tutor-2` where that is taken.
        """
        from ernie_magic.calls.chat import saved

        try:
            found = saved.read_source(source)
        except (InvalidOption, InvalidMessages) as error:
            raise self.with_language(error) from None
        loaded = self[found.name or MAIN]
        if loaded.history or loaded.system or loaded.locked:
            loaded = loaded.fork(0)
            loaded.locked = False  # what the service blocked is not in the file
        loaded.system = found.system
        for turn in found.turns:
            loaded.history.append(turn)
        if losses := found.describe_losses():
            warn_user(losses.say(self.settings.interface_language))
        return loaded

    @with_other_names
    @explained
    def stream(
        self,
        prompt: str | Sequence[Message],
        **options: Unpack[ChatArguments],
    ) -> Stream[Answer]:
        """Ask in the current conversation, and get the answer piece by piece: `for piece in
        ernie.stream("…")`, or `async for`.

        Raises
        ------
        UsageError
            At once: something in the call is wrong, and nothing is sent.
        TransportError, ServiceError
            While the answer is received; `help(ernie_magic.errors)` shows the tree.
        """
        return self.conversation.stream(prompt, **options)

    astream = stream
    chat = blocking(stream, "chat", "Ask in the current conversation, and wait for the answer.")
    achat = awaited(stream, "achat")

    def reset(self, name: str = MAIN) -> None:
        """Forget a conversation's turns, the current one's unless another is named; settings and
        usage stay.

        Parameters
        ----------
        name
            The conversation's; "main" when not given.
        """
        self[name].reset()

    # --- the other calls --------------------------------------------------------------------------

    @with_other_names
    @explained
    def stream_completion(
        self,
        prompt: str,
        *,
        model: str | None = None,
        stream: bool | None = None,
        endpoint: str = "",
        extra: dict[str, Any] | None = None,
        **parameters: Unpack[CompletionParameters],
    ) -> Stream[Answer]:
        """Continue a text (续写), piece by piece; leaves no turn.

        Parameters
        ----------
        prompt
            The beginning of the text.

        Raises
        ------
        ErnieError
        """
        from ernie_magic.api.requests import completion_request
        from ernie_magic.calls.completion import complete_text

        target = self.client.choose_target(
            "chat", model, endpoint, parameters, stream=stream, extra=extra
        )

        def build(model: str) -> CompletionRequest:
            request = completion_request(
                prompt,
                model=model,
                given=parameters,
                extra=extra or {},
                stream=target.settings.stream if stream is None else stream,
                rules=target.rules,
                endpoint=target.deployed,
            )
            if stream is None and request.stream:
                return replace(request, adaptable=frozenset({"stream"}))
            return request

        return self.client.start_model_call(target, build, complete_text)

    complete = blocking(
        stream_completion,
        "complete",
        "Continue a text (续写) and wait for the whole; leaves no turn.",
    )
    acomplete = awaited(stream_completion, "acomplete")

    @explained
    def begin_embed(
        self,
        texts: str | Sequence[str],
        *,
        model: str | None = None,
        endpoint: str = "",
        extra: dict[str, Any] | None = None,
        invalid: str = "error",
        cache: bool | None = None,
        in_flight: int | None = None,
        progress: bool = True,
        executor: Any = None,
        **parameters: Unpack[EmbeddingParameters],
    ) -> Stream[Embeddings]:
        """Return vectors of texts (向量), in as many calls as needed; equal texts are sent once.

        Parameters
        ----------
        texts
            One text or any number: a list, an array, a pandas or polars column. Each must be within
            the model's length (embedding-v1: 1,000 characters and 384 tokens).
        model
            The setting `embedding_model` when None, else "embedding-v1", or one of its kind where
            the live list, which is requested once, does not offer that.
        invalid
            What to do with texts that are empty or too long: "error" names their positions,
            "truncate" cuts them (empty ones get NaN), "skip" gives them rows of NaN.
        cache
            Whether vectors are stored in, and taken from, a file in the user's cache folder; the
            setting `cache` (True) when None.
        in_flight
            Concurrent calls, 1 to 64; the setting `in_flight` (8) when None. The service's rate
            limit still applies.
        progress
            Show a progress bar when it takes long.
        executor
            Where the calls are made: a `dask.distributed.Client`, or an executor of
            `concurrent.futures`. Its workers share the account's limits, and find the key in their
            own environment: it is not sent to them.

        Returns
        -------
        Embeddings
            `vectors` has shape (texts, dimensions) and dtype float32.

        Raises
        ------
        ErnieError
            A call failed permanently; `answer` has the vectors received so far, and a second call
            asks only for the missing ones.
        """
        from ernie_magic.api.requests import embedding_request
        from ernie_magic.calls.embeddings.embed import embed_texts

        target = self.client.choose_target("embedding", model, endpoint, parameters, extra=extra)
        given_texts = self.client.localizing_errors(lambda: _list_of_texts(texts))

        def build(model: str) -> EmbeddingRequest:
            return embedding_request(
                given_texts,
                model=model,
                given=parameters,
                extra=extra or {},
                rules=target.rules,
                endpoint=target.deployed,
                invalid=invalid,
            )

        max_concurrency = self.client.localizing_errors(
            lambda: choose_in_flight(in_flight, target.settings)
        )
        remote_executor = self._remote_executor(executor)
        submit = None
        if remote_executor:
            max_concurrency = max(max_concurrency, remote_executor.workers)
            submit = remote_executor.submit_embeddings
        work = partial(
            embed_texts,
            cache=target.settings.cache if cache is None else cache,
            max_concurrency=max_concurrency,
            submit=submit,
        )
        return self.client.start_model_call(
            target, build, work, progress_title=_EMBEDDING if progress else None
        )

    embed = blocking(begin_embed)
    aembed = awaited(begin_embed)

    def _remote_executor(self, executor: Any) -> RemoteExecutor | None:
        if executor is None:
            return None
        from ernie_magic.calls.workers import RemoteExecutor

        return self.client.localizing_errors(lambda: RemoteExecutor(executor))

    def _row_sender(self, executor: Any, path: Path, *, batch: bool) -> RowSender | None:
        """Return what asks for the rows of a table elsewhere, if they are to be."""
        if batch:
            from ernie_magic.qianfan.batches.rows import batch_sender

            return self.client.localizing_errors(
                lambda: batch_sender(self.settings, path, executor)
            )
        remote_executor = self._remote_executor(executor)
        if remote_executor is None:
            return None
        return remote_executor.row_sender

    @explained
    def begin_map(
        self,
        prompt: str | Template,
        rows: object,
        *,
        schema: str | Mapping[str, Any] | Sequence[Any] | type | None = None,
        model: str | None = None,
        system: str | None = None,
        resume: bool = False,
        in_flight: int | None = None,
        endpoint: str = "",
        extra: dict[str, Any] | None = None,
        progress: bool = True,
        executor: Any = None,
        batch: bool = False,
        preview: bool = False,
        **parameters: Unpack[ChatParameters],
    ) -> Stream[Mapped]:
        """Ask about each row of a table: `ernie.map("情感：{{text}}", df, schema="sentiment,
        score:int").table`.

        Parameters
        ----------
        prompt
            The prompt, with `{{column}}` where a row's values belong; as a text or a `Template`.
        rows
            A pandas or polars DataFrame, a list of dictionaries, a list of texts (their column is
            `text`), or the path of a .csv, .tsv, .jsonl, .parquet or .xlsx file that pandas reads.
        schema
            Output columns, `"sentiment, score:int"` or `{"sentiment": str, "score": int}` (str,
            int, float, bool; `["good", "bad"]` for a choice), a list of names, or a class or JSON
            schema with such fields; the whole answer in a column `answer` when None.
        resume
            Reuse the answers of an earlier run of the same prompt: only missing rows are asked, and
            paid, for. Answers are stored as they arrive, so this continues after a crash, a restart
            or an interrupt.
        in_flight
            Concurrent calls, 1 to 64; the setting `in_flight` (8) when None. The service's rate
            limit still applies.
        progress
            Show a progress bar when it takes long.
        executor
            Where the calls are made: a `dask.distributed.Client`, or an executor of
            `concurrent.futures`. Its workers share the account's limits, and find the key in their
            own environment: it is not sent to them.
        batch
            Ask for all missing rows as a batch (`batches`), which the service answers within a day
            for less. An interrupt ends the waiting only: the same call goes on waiting for it, and
            sends nothing twice.
        preview
            Ask only for the first three rows that have no answer yet, if more than 50 have none:
            `unasked` of the result tells how many are left.

        Returns
        -------
        Mapped
            `table` is of the kind that was given. A row that failed stays in its place, with the
            reason in the column `error` (`error_2` if the table has its own).

        Raises
        ------
        ErnieError
            An error that would fail every row; `answer` has the table as far as it got.
        """
        from ernie_magic.api.requests import ChatOptions
        from ernie_magic.calls.tables.map import map_rows
        from ernie_magic.calls.tables.request import build_map_request

        target = self.client.choose_target(
            "chat", model, endpoint, parameters, system=system, extra=extra
        )
        options = ChatOptions(
            parameters, model, system, extra=extra or {}, endpoint=target.deployed
        )
        map_request = self.client.localizing_errors(
            lambda: build_map_request(
                prompt,
                rows,
                options,
                target,
                schema=schema,
                resume=resume,
                max_concurrency=choose_in_flight(in_flight, target.settings),
                made=self._made_columns,
                preview=preview,
            )
        )
        sender = self._row_sender(executor, map_request.path, batch=batch)
        if sender:
            map_request = replace(map_request, max_concurrency=sender.max_concurrency)
        return self.client.start_call(
            lambda call: map_rows(call, map_request, self._unsaved_answers, sender),
            target.settings,
            target.endpoint,
            progress_title=_MAPPING if progress else None,
        )

    map = blocking(begin_map)
    amap = awaited(begin_map)

    def _text_column(self, texts: Any) -> Any:
        if not hasattr(texts, "columns"):
            return texts
        from ernie_magic.calls.tables import frames

        return self.client.localizing_errors(lambda: frames.texts_of(texts))

    def begin_search(
        self,
        query: Any,
        texts: Any,
        k: int = 5,
        *,
        model: str | None = None,
        extra: dict[str, Any] | None = None,
    ) -> Steps[list[Found]]:
        """Return the texts most similar to a query, by the similarity of their vectors.

        Parameters
        ----------
        query
            What to look for: a text, or a vector such as a row of `Embeddings`.
        texts
            `Embeddings`, or the texts themselves, which are embedded first: a list, a column, a
            table with one column of texts.
        k
            At most this many texts.
        model
            What makes the vectors; the setting `embedding_model` when None. For `Embeddings` the
            model that made them.
        extra
            Fields of the requests. For the query of `Embeddings` they are added to those that these
            were made with, of which `{"input_type": "document"}` becomes "query".

        Returns
        -------
        list of Found
            The best first; `score` is the cosine similarity, from -1 to 1.

        Raises
        ------
        ErnieError
        """
        from ernie_magic.api.results import Embeddings
        from ernie_magic.calls.embeddings import similarity
        from ernie_magic.runtime.stream import Steps

        _check_result_limit(self, k)
        wanted = self.client.localizing_errors(lambda: similarity.read_query(query, texts))

        def find() -> Generator[Stream[Any], Any, list[Found]]:
            embeddings = texts
            if not isinstance(texts, Embeddings):
                embeddings = yield self.begin_embed(
                    self._text_column(texts), model=model, extra=extra
                )
            vector = wanted
            if not hasattr(wanted, "dtype"):
                made_by = embeddings.request
                if model not in (None, embeddings.model, made_by.model):
                    made_by = replace(made_by, parameters={}, extra={})
                query_embeddings = yield self.begin_embed(
                    wanted,
                    model=model or embeddings.model,
                    extra={**similarity.fields_for_query(made_by.extra), **(extra or {})},
                    **made_by.parameters,
                )
                vector = query_embeddings[0]
            return self.client.localizing_errors(
                lambda: similarity.nearest_texts(vector, embeddings, k)
            )

        return Steps(find())

    search = blocking(begin_search)
    asearch = awaited(begin_search)

    @explained
    def begin_image(
        self,
        prompt: str,
        *,
        model: str | None = None,
        endpoint: str = "",
        extra: dict[str, Any] | None = None,
        download: bool = True,
        edit: Any = None,
        mask: Any = None,
        **parameters: Unpack[ImageParameters],
    ) -> Stream[ImageSet]:
        """Make pictures (文生图), or edit some (图片编辑): `ernie.image("a hat", edit=cats[0])`.

        Such a call is never sent again automatically once it may have been carried out: pictures
        are billed.

        Each model takes some of the parameters. All: n, size, seed, response_format, user and the
        last three. Stable-Diffusion-XL: also negative_prompt, steps, style, sampler_index and
        cfg_scale. ERNIE-Image and ERNIE-Image-Turbo: also use_pe, num_inference_steps,
        guidance_scale and watermark. irag-1.0: also refer_image. qwen-image: also prompt_extend.
        ernie-irag-edit: also feature.

        Parameters
        ----------
        prompt
            At most 1,024 characters.
        model
            For an edit "qwen-image-edit" when None, with a mask "ernie-irag-edit". Else the setting
            `image_model` when None, else "Stable-Diffusion-XL", on Qianfan V2 "irag-1.0", or one of
            its kind where the live list, which is requested once, does not offer that.
        download
            False leaves pictures that are links where they are: `picture.url`, which expires after
            some days.
        edit
            One to three pictures to edit, each anything that `chat` takes as a picture: of PNG,
            JPEG, WebP or BMP, with sides of at least 128 pixels and a ratio of at most 4
            (https://cloud.baidu.com/doc/qianfan-api/s/Rm9m76ekf). None for new pictures.
        mask
            Where to edit, for models that take one ("ernie-irag-edit"): a picture in the same size,
            or an array of shape (height, width) and dtype bool, uint8 or float from 0 to 1; bright
            where the picture is edited.

        Returns
        -------
        ImageSet
            Also kept in `images`.

        Raises
        ------
        ErnieError
            Every picture failed; when only some did, `picture.problem` says why.
        """
        from ernie_magic.api.requests import image_request
        from ernie_magic.calls.images.edits import read_edit_sources
        from ernie_magic.calls.images.generate import generate_images

        if edit is not None and not model and not endpoint:
            model = self.client.editing_model(is_masked=mask is not None)
        target = self.client.choose_target("image", model, endpoint, parameters, extra=extra)
        sources = self.client.localizing_errors(
            lambda: read_edit_sources(edit, mask, strict=target.rules.strict)
        )

        def build(model: str) -> ImageRequest:
            return image_request(
                prompt,
                model=model,
                given=parameters,
                extra=extra or {},
                rules=target.rules,
                endpoint=target.deployed,
                images=sources.images,
                mask=sources.mask,
            )

        work = partial(generate_images, download=download)
        return self.client.start_model_call(target, build, work)

    image = blocking(begin_image)
    aimage = awaited(begin_image)

    @explained
    def begin_redo(self, what: Remakable, **changes: Unpack[ImageArguments]) -> Stream[ImageSet]:
        """Make pictures again, by an equal request or with changes: `ernie.redo("cat.png",
        style="Anime")`.

        A change replaces what the pictures were made with; None removes it.

        Parameters
        ----------
        what
            A picture, a set, a file that was saved with its parameters, or those parameters. A
            picture of several is made again with the others: the service knows them by one request.
            The current service is used, whichever made it. Of a file that was not saved here, only
            the fields that are listed here are sent.

        Raises
        ------
        InvalidOption
            It cannot be made again (the file contains no parameters …).
        ErnieError
        """
        from ernie_magic.calls.images import recipes

        def read_options() -> dict[str, Any]:
            all_changes = recipes.with_sources(what, changes)
            return recipes.redo_options(recipes.read_recipe(what), all_changes)

        return self.begin_image(**self.client.localizing_errors(read_options))

    redo = blocking(begin_redo)
    aredo = awaited(begin_redo)

    def recipe(self, what: Remakable) -> dict[str, Any]:
        """Return what made a picture: `ernie.recipe("cat.png")` reads a file's `prompt`, `model`,
        `parameters` and more.

        Raises
        ------
        InvalidOption
            The file contains no parameters.
        """
        from ernie_magic.calls.images import recipes

        return dict(self.client.localizing_errors(lambda: recipes.read_recipe(what)))

    @explained
    def begin_vary(self, what: Remakable, **changes: Unpack[ImageArguments]) -> Stream[ImageSet]:
        """Make a variation: one picture, with the first seed after those of its call where the
        seed is known (a single picture's plus one), and with changes.

        A change replaces what the picture was made with; None removes it.

        Parameters
        ----------
        what
            A picture, a set (its first picture), a file that was saved with its parameters, or
            those parameters.

        Raises
        ------
        InvalidOption
            It cannot be made again.
        ErnieError
        """
        from ernie_magic.calls.images import recipes

        def read_options() -> dict[str, Any]:
            all_changes = recipes.with_sources(what, changes)
            return recipes.vary_options(recipes.read_recipe(what), all_changes)

        return self.begin_image(**self.client.localizing_errors(read_options))

    vary = blocking(begin_vary)
    avary = awaited(begin_vary)

    def begin_download(self, what: Picture | ImageSet) -> Stream[ImageSet]:
        """Fetch pictures of which only the link is here: a download failed or was stopped, or
        `download=False` was given.

        Raises
        ------
        ErnieError
            No picture could be fetched.
        """
        from ernie_magic.calls.images import recipes
        from ernie_magic.calls.images.generate import download_images

        settings, service_endpoint = self.client.settings_and_endpoint()
        images = self.client.localizing_errors(lambda: recipes.open_pictures(what))
        return self.client.start_call(
            lambda call: download_images(call, images), settings, service_endpoint
        )

    download = blocking(begin_download)
    adownload = awaited(begin_download)

    @explained
    def begin_rerank(
        self,
        query: str,
        documents: str | Sequence[str],
        *,
        model: str | None = None,
        endpoint: str = "",
        extra: dict[str, Any] | None = None,
        **parameters: Unpack[RerankParameters],
    ) -> Stream[Ranking]:
        """Rank documents by how well they answer a query
        (https://cloud.baidu.com/doc/qianfan-api/s/2m7u4zt74).

        Parameters
        ----------
        query
            At most 1,600 characters.
        documents
            At most 64, each of at most 4,096 characters.
        model
            "bce-reranker-base" when None, or one of its kind where the live list, which is
            requested once, does not offer that.

        Returns
        -------
        Ranking
            The best document first.

        Raises
        ------
        ErnieError
        """
        from ernie_magic.api.requests import rerank_request
        from ernie_magic.calls.rerank import rank_documents

        target = self.client.choose_target("rerank", model, endpoint, parameters, extra=extra)
        given_documents = self.client.localizing_errors(lambda: _list_of_texts(documents))

        def build(model: str) -> RerankRequest:
            return rerank_request(
                query,
                given_documents,
                model=model,
                given=parameters,
                extra=extra or {},
                rules=target.rules,
                endpoint=target.deployed,
            )

        return self.client.start_model_call(target, build, rank_documents)

    rerank = blocking(begin_rerank)
    arerank = awaited(begin_rerank)

    def begin_count_tokens(self, text: str, *, model: str | None = None) -> Stream[TokenCount]:
        """Count the tokens of a text with Qianfan V1's tokenizer; on other services, for models
        that it does not count and for more than 512,000 characters the result is an estimate, and
        says so.

        Parameters
        ----------
        text
            The text to count; it is sent only to Qianfan V1.
        model
            The model whose tokens are counted; when None the session's, else "ernie-3.5-8k".

        Raises
        ------
        InvalidMessages
            It is not a text, or contains a key.
        ErnieError
        """
        from ernie_magic.calls.token_count import start_token_count

        return start_token_count(self.client, text, model)

    count_tokens = blocking(begin_count_tokens)
    acount_tokens = awaited(begin_count_tokens)

    def panel(self, *tabs: str) -> Panel:
        """Return a panel on this session for a notebook: sliders, chat, pictures and vectors.

        Parameters
        ----------
        tabs
            Any of "chat", "image", "embed" and "compare"; all when none is named.

        Raises
        ------
        InvalidOption
            There is no such tab.
        """
        from ernie_magic.notebook.panels.panel import (
            Panel,  # Widgets are imported when needed.
        )

        return Panel(self, *tabs)

    # --- services, models, limits -----------------------------------------------------------------

    def use(self, service: str) -> None:
        """Switch to this service: "aistudio", "qianfan", "qianfan-v1", "local" (any
        OpenAI-compatible server, also by the name "openai") or "emulator".

        A key, an address, headers and a deployed service that were set in this session for another
        service are forgotten: they are never sent to this one.

        Raises
        ------
        InvalidOption
            There is no such service.
        """
        service = services.ALIASES.get(service, service)
        if service not in services.SERVICES:
            advice = did_you_mean(str(service), services.SERVICES)
            if str(service) in self:
                advice = IS_CONVERSATION.fill(name=service)
            raise self.with_language(
                InvalidOption(
                    Text(
                        "没有叫 {name} 的服务，可选：{known}",
                        "no service {name}; choices: {known}",
                    ).fill(name=service, known=", ".join(services.SERVICES)),
                    advice=advice,
                )
            )
        if service != self.settings.choose_service().name:
            # What was given here was for the previous service: it must not reach this one.
            for name in SERVICE_SETTINGS:
                self.settings.assign_text(name, "")
        self.settings.service = service

    def endpoint(self) -> Endpoint:
        """Return where a call would go now; starts the emulator if it is chosen.

        Raises
        ------
        MissingKey, InvalidOption
        """
        return self.client.endpoint()

    def begin_models(self) -> Stream[list[Listed]]:
        """Return the service's live list of models, with what the catalogue knows of each."""
        return self.client.start_model_list()

    models = blocking(begin_models)
    amodels = awaited(begin_models)

    def listed_models(self) -> list[Listed]:
        """Return the live list of the account in use, without the network; none before it was
        fetched.
        """
        if "_client" not in vars(self):
            return []
        return self._client.known_models()

    def limits(self) -> list[LimitState]:
        """Return the known limits per minute of the services, and what is left: shared by
        everything in this process.

        Returns
        -------
        list of LimitState
            One for each model and service used, in the order of first use; `None` where unknown.
        """
        from ernie_magic.runtime.io_thread import IO
        from ernie_magic.wire.limits import LIMITS

        return IO.run_and_wait(LIMITS.list_states())

    def reset_limits(self) -> int:
        """Forget what was learned of the services' limits; calls that wait for one go ahead.

        Returns
        -------
        int
            How many limits were known.
        """
        from ernie_magic.runtime.io_thread import IO
        from ernie_magic.wire.limits import LIMITS

        return IO.run_and_wait(LIMITS.reset())

    def close(self) -> None:
        """Close connections and the emulator. The session may be used again."""
        if "_client" in vars(self):
            self._client.close()

    def __enter__(self) -> Session:  # noqa: PYI034  (Self is in typing from Python 3.11)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _record_result(self, result: object) -> None:
        from ernie_magic.api.results import Result
        from ernie_magic.calls.images.pictures import ImageSet

        if isinstance(result, Result):
            self.last = cast("Answer | Embeddings | ImageSet | Mapped | Ranking", result)
        is_picture = isinstance(result, ImageSet) and not result.is_empty
        if is_picture and not any(recorded is result for recorded in self.images):
            self.images.append(cast("ImageSet", result))
        self.changed.notify_watchers()

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise self.with_language(stays_in_process())

    def with_language(self, error: ErnieError) -> ErnieError:
        """Return the error in this session's language."""
        error.language = self.settings.interface_language
        return error

    def __setattr__(self, name: str, value: object) -> None:
        if name in SETTING_NAMES:
            value = None  # it may be a key, which no frame of a traceback holds
            raise self.with_language(
                UnknownAttribute(_NO_SETTING.fill(name=name), advice=_SET_THERE.fill(name=name))
            )
        super().__setattr__(name, value)

    def _advise_on(self, name: str) -> Text:
        if name in SETTING_NAMES:
            return DID_YOU_MEAN.fill(close=f"settings.{name}")
        return super()._advise_on(name)

    def __call__(self, *args: object, **_options: object) -> NoReturn:
        """Say which call asks: `ernie("Hello")` is what people try first.

        Raises
        ------
        InvalidOption
        """
        prompt = "…"
        if args and isinstance(args[0], str):
            prompt = clip_text(args[0], _SHOWN_PROMPT)
        call = f"ernie.chat({prompt!r})" if prompt != "…" else 'ernie.chat("…")'
        raise self.with_language(InvalidOption(_NOT_CALLABLE, advice=_CALL_CHAT.fill(call=call)))

    def __dir__(self) -> list[str]:
        return names_by_use(super().__dir__(), _IN_ORDER_OF_USE, _INTERNAL)

    @printable
    def __repr__(self) -> str:
        service = "?"
        model = self.settings.model or "default"
        with suppress(InvalidOption):  # a `.env` that cannot be read: a repr is no place for it
            service = self.settings.choose_service().name
        turns = 0
        if MAIN in self.conversations:
            turns = len(self.conversations[MAIN].history)
        said = TURNS.say("en", turns)
        return f"Session(service={service!r}, model={model!r}, {said})"


def _check_result_limit(session: Session, k: object) -> None:
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise session.with_language(
            InvalidOption(
                Text("k 要是正整数，不是 {k}", "k must be a whole number from 1, not {k}").fill(
                    k=f"{k!r:.40}"
                )
            )
        )


def _list_of_texts(texts: object) -> list[Any]:
    """Return one text or several as a list; arrays and columns are accepted, but not a dictionary's
    keys.
    """
    if isinstance(texts, str):
        return [texts]
    if hasattr(texts, "columns"):
        from ernie_magic.calls.tables.frames import whole_table_error

        raise whole_table_error(texts)
    if isinstance(texts, (bytes, dict)) or not hasattr(texts, "__iter__"):
        raise InvalidMessages(
            Text(
                "这里要文本或文本列表，不是 {kind}",
                "a text or a list of texts is expected here, not {kind}",
            ).fill(kind=type(texts).__name__)
        )
    return list(texts)
