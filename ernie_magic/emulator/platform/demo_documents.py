"""The knowledge base that every emulator has: a made-up shop's documents, in both languages."""

from __future__ import annotations

BASE_ID = "d0c5e000-0000-4000-8000-000000000001"
BASE_NAME = "demo"
BASE_DESCRIPTION = "演示：一家虚构的咖啡机商店 / demonstration: a made-up shop for coffee machines"

_RETURNS = """
# 退货与退款

收到商品后 15 天内可以无理由退货，商品要保持完好，配件和说明书齐全。

退货的运费由商店承担；质量问题 30 天内可以换新。

退款在收到退回的商品后 3 个工作日内原路退回。

咖啡豆和滤纸属于食品和耗材，拆封后不能退货。
"""
_MACHINE = """
# 云雀 K2 咖啡机 使用说明

水箱的容量是 1.8 升，一次最多连续做 8 杯咖啡。

第一次使用前，先用清水空煮两遍，再放入咖啡粉。

每做 200 杯要除垢一次：红灯亮起时，倒入除垢液，按住清洗键 5 秒。

绿灯闪烁表示正在预热，大约需要 40 秒。

保修期两年，从购买之日算起；人为损坏不在保修范围内。
"""
_SHOP = """
# Lark Coffee: about the shop

Opening hours: 9:00 to 21:00 every day; the shop is closed on Chinese New Year's Eve.

Shipping is free for orders above 99 yuan; other orders cost 8 yuan.

Shipping takes 2 to 3 days: what is ordered before 16:00 leaves the shop on the same day.

A member collects one point for each yuan, and 100 points are worth 5 yuan.

Coffee beans are roasted every Tuesday and Friday, and are best within 30 days.
"""

DOCUMENTS = {
    "退货与退款.md": _RETURNS.strip(),
    "云雀K2咖啡机.md": _MACHINE.strip(),
    "lark-coffee.md": _SHOP.strip(),
}
