"""What a page sends, in any order, and what it is sent."""

import pytest


class Page:
    """What a page sends and is sent, without its throttle: any order can be tried."""

    def __init__(self, panel, tab):
        self.panel, self.prompt = panel, tab.composer.prompt
        self.written = []  # by the kernel, into the box
        self.prompt.observe(lambda change: self.written.append(change["new"]), "value")
        self.send({"op": "opened"})

    def send(self, message):
        self.panel._frontend._handle_custom_msg(message, [])

    def type(self, text):
        self.prompt.set_state({"value": text})
        assert self.written.pop() == text

    def submit(self, text):
        self.send({"op": "send", "where": "ernie-at-chat", "text": text})

    @property
    def returned(self):
        return [each["text"] for each in self.panel._frontend.returned]

    def take_returned(self):
        for each in self.panel._frontend.returned:
            self.send({"op": "taken", "id": each["id"]})


@pytest.fixture
def page(panel):
    made = panel("chat")
    return Page(made, made.tabs["chat"])


@pytest.mark.parametrize("late", [[""], ["why is", ""], ["", "and then?"]], ids=str)
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_prompt_typed_fast_is_sent_whole_and_no_late_value_stays_in_its_box(
    page, wait, session, late, order
):
    tab = page.panel.tabs["chat"]
    page.type("w")
    if order == "after":
        page.submit("why is the sky blue?")
    for value in late:
        if value != page.prompt.value:
            page.type(value)
    if order == "before":
        page.submit("why is the sky blue?")
    wait(lambda: not tab.is_busy)
    assert [turn.prompt for turn in session.history] == ["why is the sky blue?"]
    assert (page.written, page.prompt.value, page.returned) == ([], late[-1], [])


def test_a_system_prompt_typed_fast_is_sent_whole(page, wait, session):
    tab = page.panel.tabs["chat"]
    tab.system_prompt.field.set_state({"value": "Y"})
    texts = {
        tab.system_prompt.field.model_id: "You are a pirate.",
        tab.composer.prompt.model_id: "old",
    }
    page.send({"op": "send", "where": "ernie-at-chat", "text": "who?", "texts": texts})
    tab.system_prompt.field.set_state({"value": "You are a pirate."})
    wait(lambda: not tab.is_busy)
    assert session.last.request.messages[0] == {"role": "system", "content": "You are a pirate."}
    assert (page.written, session.history[0].prompt) == ([], "who?")


def test_what_could_not_be_asked_is_put_back_by_the_page(page, emulator, wait, session):
    tab = page.panel.tabs["chat"]
    emulator.faults.add(status=400, delay=0.2, times=1)
    page.submit("one")
    page.type("typed meanwhile")
    page.submit("two")  # one is being answered
    assert (tab.composer.status.is_error, page.returned) == (True, ["two"])
    page.take_returned()
    wait(lambda: not tab.is_busy)
    assert (page.returned, page.written, len(session.history)) == (["one"], [], 0)
    page.take_returned()
    page.submit(" ")
    assert page.returned == []


def test_an_example_leaves_what_is_being_written(page, wait, session):
    page.type("half a")
    page.panel.tabs["chat"]._on_transcript_message({"op": "example", "text": "an example"})
    wait(lambda: not page.panel.tabs["chat"].is_busy)
    assert [turn.prompt for turn in session.history] == ["an example"]
    assert page.prompt.value == "half a"


@pytest.mark.parametrize("name", ["image", "embed", "compare"])
def test_the_other_tabs_send_what_the_page_shows_and_leave_it_there(panel, wait, name, emulator):
    made = panel(name)
    tab = made.tabs[name]
    tab.composer.prompt.set_state({"value": "a wh"})
    written = []
    tab.composer.prompt.observe(lambda change: written.append(change["new"]), "value")
    made._frontend._handle_custom_msg(
        {"op": "send", "where": f"ernie-at-{name}", "text": "a white cat"}, []
    )
    tab.composer.prompt.set_state({"value": "a white cat"})
    wait(lambda: not tab.is_busy)
    assert written == ["a white cat"]
    sent = [str(logged.body) for logged in emulator.requests if logged.body]
    assert any("a white cat" in body for body in sent)
    assert not any("a wh'" in body for body in sent)
