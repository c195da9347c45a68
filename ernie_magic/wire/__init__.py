"""Bytes and HTTP: how a request travels, and how what comes back becomes an answer or an error.

Where to look, in the order in which a call passes:

- What is sent: `protocols` chooses `openai_style` or `qianfan_v1`, which make a `request`; `auth`
  signs it; `uploads` counts what has gone of its files.
- When: `limits`, from what a service tells and refuses (`throttling/`); `retry` sends it again.
- Which way: `http`, `routes`; `network_errors` and `route_errors` for what fails there.
- How it is read: `prepared_call` is a call under way. Its reply is an `event_stream` (`sse`) or a
  `whole_reply`; `reading` tells which, by `sniffing` where a server does not say. `envelopes`,
  `inner_objects` and `endings` are what stands around an answer.
- What an answer has: `reader` puts it together chunk by chunk from its parts (`answers/`), under
  the rules of `moderation`. Vectors, rankings and pictures: `replies`, `pictures/`, `downloads`.
  Lists of models: `model_lists`.
- What a refusal is: `refusals/` finds and understands it, `error_codes` is Baidu's table, and
  `failures` makes it an error.
- What is one service's own: `app_reader` and `v1_plugins` (Qianfan's applications and plugins);
  `quirks` and `adaptations`, what a server turned out to do its own way.
"""
