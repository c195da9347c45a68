"""Observers of changes."""

from ernie_magic.runtime.observers import Watchers


def test_each_watcher_is_called_after_each_change_in_the_order_of_adding_until_it_is_removed():
    watchers, called = Watchers(), []
    remove_first = watchers.add_watcher(lambda: called.append("first"))
    watchers.add_watcher(lambda: called.append("second"))
    watchers.notify_watchers()
    remove_first()
    remove_first()  # twice does no harm
    watchers.notify_watchers()
    assert called == ["first", "second", "second"]


def test_a_watcher_may_remove_itself_and_others_are_called_all_the_same():
    watchers, called = Watchers(), []

    def once():
        called.append("once")
        remove()

    remove = watchers.add_watcher(once)
    watchers.add_watcher(lambda: called.append("always"))
    watchers.notify_watchers()
    watchers.notify_watchers()
    assert called == ["once", "always", "always"]
