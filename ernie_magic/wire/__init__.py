"""Bytes and HTTP: how a request travels, and how what comes back becomes an answer or an error.

Where to look, in the order in which a call passes:

- What is sent: `protocols` chooses `openai_style` or `qianfan_v1`, which make a `request`;
  `edit_forms`, `picture_requests` and `uploads` for pictures and files; `auth` signs it.
- When: `limits`, from what services tell (`durations`, `allowed_span`, `batch_limits`) and from
  what they refuse (`congestion`); `retry` sends it again.
- Which way: `http`, `routes`; `network_errors` and `route_errors` for what fails there.
- How it is read: `prepared_call` is a call under way. Its reply is an `event_stream` (`sse`) or a
  `whole_reply`; `reading` tells which, by `sniffing` where a server does not say. `envelopes` and
  `endings` are what stands around an answer.
- What an answer has: `reader` collects it chunk by chunk: the choice (`choices`, `choice_parts`),
  words and thoughts (`content`, `content_parts`, `streamed_text`, `repetition`), `tool_calls`
  (`tool_arguments`, `tool_names`), `sources`, `answer_pictures`, `usage`, `moderation`;
  `message_fields` for what it has in no known place. Vectors, pictures and rankings: `replies`,
  `picture_fields`, `downloads`. Lists of models: `model_lists`.
- What a refusal is: `refusals` finds it in a body, by the words in `refusal_words`; `error_codes`
  is Baidu's table and `meanings` everybody else's; `failures` makes it an error.
- What is one service's own: `app_reader` and `v1_plugins` (Qianfan's applications and plugins),
  `vendor_fields`, `quirks`.
"""
