"""Lists of the platform's things, in a word for each."""

from ernie_magic.qianfan.batches.group import Batch, BatchList
from ernie_magic.qianfan.services.group import PlatformService, ServiceList


def test_a_list_counts_its_things_and_names_the_first_ones():
    assert repr(ServiceList()) == "ServiceList(0)"
    assert repr(ServiceList(is_simulated=True)) == "ServiceList(0, simulated=True)"
    two = ServiceList([PlatformService("svco-1", "hello"), PlatformService("svco-2", "later")])
    assert repr(two) == "ServiceList(2: hello, later)"
    many = BatchList(Batch(f"batch-{i}", "completed") for i in range(40))
    assert repr(many).startswith("BatchList(40: batch-0 completed, batch-1 completed, ")
    assert repr(many).endswith("batch-9 completed, …)")
