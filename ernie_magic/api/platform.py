"""Names of Qianfan's platform that the client and the emulator share."""

from __future__ import annotations

# The groups of `/v2/<group>?Action=…` that are called with an API key; all others are signed.
KEY_GROUPS = frozenset({"knowledgeBase", "app"})
# How the names of actions begin that change nothing.
READS = ("Describe", "Get", "List")
# Its actions buy resources.
CHARGE_GROUP = "charge"
# The emulator's own access key and secret key, which are public.
SIMULATED_PAIR = ("emulator-access-key", "emulator-secret-key")
