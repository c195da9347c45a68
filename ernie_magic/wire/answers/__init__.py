"""What a chat's answer has, in whatever shape it comes: `wire.reader` puts it together.

The choice (`choices`, `choice_parts`); its words and thoughts (`content`, `content_parts`,
`streamed_text`, `repetition`); calls of tools (`tool_calls`, `tool_arguments`, `tool_names`);
`sources`, `pictures` and `usage`. `vendor_fields` go back with the next request; `message_fields`
is what stands in no known place.
"""
