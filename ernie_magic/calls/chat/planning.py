"""Making the plan of a prompt: what is given with it is checked, and joined with what its
conversation has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ernie_magic.api.passages import check_knowledge
from ernie_magic.api.plugins import (
    ERNIE_BOT_MODEL,
    check_plugin_options,
    check_plugins,
    gone_error,
    is_of_ernie_bot,
)
from ernie_magic.calls.chat import attachments, tools
from ernie_magic.calls.chat.history import user_message
from ernie_magic.calls.chat.plan import Plan, turns_before
from ernie_magic.errors import InvalidMessages, InvalidOption
from ernie_magic.text.language import Text
from ernie_magic.wire import moderation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ernie_magic.api.messages import Message
    from ernie_magic.api.requests import ChatOptions
    from ernie_magic.calls.chat.history import History, Turn
    from ernie_magic.client import Client
    from ernie_magic.config.target import CallTarget


@dataclass(frozen=True)
class ConversationState:
    """A conversation as it is when a prompt is asked.

    Attributes
    ----------
    name : str
    history : History
    system : str
        Its own system prompt; with "" the setting applies.
    locked : bool
        Whether the service has blocked it.
    generation : int
        A number that changes with each reset.
    is_answering : bool
        Whether another of its prompts is being answered.
    """

    name: str
    history: History
    system: str
    locked: bool
    generation: int
    is_answering: bool


def make_plan(
    conversation: ConversationState,
    client: Client,
    prompt: str | Sequence[Message],
    options: ChatOptions,
    replaced_turn: Turn | None,
) -> Plan:
    """Return the prompt as it is now; what the model's rules refuse is not checked."""
    if options.history is None:
        options = replace(options, history=True)
    elif options.history is True and not isinstance(prompt, str):
        raise _history_beside_messages()
    if conversation.locked and options.history and isinstance(prompt, str):
        raise moderation.conversation_locked(conversation.name)
    _check_prompt(prompt)
    options = replace(options, knowledge=check_knowledge(options.knowledge))
    options = _name_plugins(options)
    options = _split_functions(options)
    target = client.choose_target(
        "chat",
        options.model,
        options.endpoint,
        options.parameters,
        system=options.system,
        stream=options.stream,
        history=options.history,
        extra=options.extra,
    )
    if options.plugins and target.rules.protocol != "qianfan-v1":
        raise gone_error(options.plugins)
    if isinstance(prompt, str):
        # An answer is a text too: its turn keeps the words alone.
        return _plan_turn(conversation, str(prompt), options, target, replaced_turn)
    return _plan_messages(conversation, prompt, options, target)


def _plan_turn(
    conversation: ConversationState,
    prompt: str,
    options: ChatOptions,
    target: CallTarget,
    replaced_turn: Turn | None,
) -> Plan:
    """Return the plan of a prompt that follows this conversation's turns."""
    system = options.system
    if system is None:
        system = _default_system(conversation, target)
    system_messages: tuple[Message, ...] = ()
    if system:
        system_messages = ({"role": "system", "content": system},)
    earlier_turns: tuple[Turn, ...] = ()
    if options.history:
        earlier_turns = turns_before(replaced_turn, conversation.history)
    if replaced_turn and options.images is None:
        images = replaced_turn.images
    else:
        images = tuple(attachments.image_parts(options.images))
    return Plan(
        prompt,
        options,
        target,
        system_messages,
        earlier_turns,
        (user_message(prompt, images),),
        conversation.generation,
        images,
        replaced_turn,
        overlaps=bool(options.history) and conversation.is_answering,
        conversation=conversation.name,
    )


def _default_system(conversation: ConversationState, target: CallTarget) -> str:
    """Return the system prompt of a call that gives none."""
    return conversation.system or target.settings.system


def _plan_messages(
    conversation: ConversationState,
    messages: Sequence[Message],
    options: ChatOptions,
    target: CallTarget,
) -> Plan:
    """Return the plan of whole messages, which stand alone."""
    if options.knowledge:
        raise InvalidOption(
            Text(
                "knowledge 只能和文本提示词一起给",
                "knowledge can only be given with a text prompt",
            ),
            advice=Text(
                "先用 ernie.knowledge.search(…) 检索，再写进消息",
                "search by ernie.knowledge.search(…), and write what it found into a message",
            ),
        )
    if options.images is not None and not _is_empty_list(options.images):
        raise InvalidOption(
            Text("images 只能和文本提示词一起给", "images can only be sent with a text prompt"),
            advice=Text(
                '消息列表里的图片写成 {"type": "image_url", …}',
                'in messages, write pictures as {"type": "image_url", …}',
            ),
        )
    return Plan(
        None,
        options,
        target,
        system_messages=_system_messages(
            options.system, _default_system(conversation, target), messages
        ),
        earlier_turns=(),
        new_messages=tuple(map(attachments.attach_pictures, messages)),
        generation=conversation.generation,
    )


def _name_plugins(options: ChatOptions) -> ChatOptions:
    """Return the options with the plugins' ids; they answer in place of a model.

    Raises
    ------
    InvalidOption
    """
    plugins = check_plugins(options.plugins)
    if not plugins:
        return replace(options, plugins=())
    check_plugin_options(options)
    model = "plugin"
    if is_of_ernie_bot(plugins):
        model = ERNIE_BOT_MODEL
    return replace(options, plugins=plugins, model=options.model or model)


def _split_functions(options: ChatOptions) -> ChatOptions:
    """Return the options with the tools as one flat list, Python functions among them described
    as tools.
    """
    parameters = options.parameters
    name = "tools"
    if parameters.get(name) is None:
        name = "functions"
    tools_sent, functions = tools.split_tools(parameters.get(name))
    if tools_sent is None:
        return options
    return replace(options, parameters={**parameters, name: tools_sent}, functions=functions)


def _check_prompt(prompt: object) -> None:
    """Report a prompt of a wrong type in one line: a number, one message instead of a list."""
    if isinstance(prompt, dict) or not (isinstance(prompt, str) or _is_messages(prompt)):
        kind = type(prompt).__name__
        if isinstance(prompt, (list, tuple)):
            other = next(message for message in prompt if not isinstance(message, dict))
            kind = f"{kind}[{type(other).__name__}]"
        raise InvalidMessages(
            Text(
                "提示词要是文本，或消息列表，不是 {kind}",
                "the prompt must be a text or a list of messages, not {kind}",
            ).fill(kind=kind),
            advice=Text(
                '写成 "…" 或 [{"role": "user", "content": "…"}]',
                'write "…" or [{"role": "user", "content": "…"}]',
            ),
        )


def _history_beside_messages() -> InvalidOption:
    return InvalidOption(
        Text(
            "history=True 不能和消息列表一起给：消息列表不带历史，也不记入历史",
            "history=True cannot be given beside a list of messages, which stands alone",
        ),
        advice=Text(
            "去掉 history，或给文本提示词；之前的各轮在 ernie.history.messages()",
            "leave out history, or give a text prompt; earlier turns are ernie.history.messages()",
        ),
    )


def _system_messages(
    system: str | None,
    default: str,
    messages: Sequence[Message],
) -> tuple[Message, ...]:
    """Return the system prompt that comes before a list of messages.

    Parameters
    ----------
    system
        The call's; "" for none, None where it gives none.
    default
        What is sent then, unless the list has a system message of its own.

    Raises
    ------
    InvalidOption
        The call has one, and so has the list.
    """
    has_own = any(message.get("role") in ("system", "developer") for message in messages)
    if system is None and not has_own:
        system = default
    if not system:
        return ()
    if has_own:
        raise InvalidOption(
            Text(
                "system 和消息列表里的 system 消息不能同时给",
                "system cannot be given beside a list with a system message of its own",
            ),
            advice=Text(
                "只留一个：去掉 system，或去掉列表里的那条",
                "keep one: leave out system, or the message in the list",
            ),
        )
    return ({"role": "system", "content": system},)


def _is_empty_list(value: object) -> bool:
    return isinstance(value, (list, tuple)) and not value


def _is_messages(prompt: object) -> bool:
    return isinstance(prompt, (list, tuple)) and all(
        isinstance(message, dict) for message in prompt
    )
