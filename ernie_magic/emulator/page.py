"""The emulator's front page: what it is, its addresses, and how to provoke each error."""

from __future__ import annotations

import html
from dataclasses import fields

from ernie_magic.emulator import oauth
from ernie_magic.emulator.aistudio import PREFIX, QIANFAN_PREFIX
from ernie_magic.emulator.faults import Fault
from ernie_magic.emulator.iam import ACCESS_KEY, EXCHANGE, SECRET_KEY
from ernie_magic.emulator.refusals import OWN, TABLE

_STYLE = "body{font:15px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}code{background:#8882}"


def render_front_page(url: str) -> str:
    """The page as HTML, in Chinese and English."""
    rows = "".join(
        f"<tr><td>{row.status}</td><td><code>{row.code}</code></td><td>{html.escape(row.message)}</td><td>{html.escape(row.trigger)}</td></tr>"
        for row in (*TABLE, *OWN)
    )
    faults = ", ".join(f"<code>{field.name}</code>" for field in fields(Fault))
    return f"""<!doctype html><html lang="zh"><meta charset="utf-8"><title>ernie_magic emulator</title><style>{_STYLE}</style>
<h1>ernie_magic 模拟器 · emulator</h1>
<p>本机上的 AI Studio（星河）API 替身：回答、图片、向量都是<b>模拟的</b>。<br>
A stand-in for AI Studio's API on this machine: answers, pictures and vectors are <b>simulated</b>.</p>
<p>base_url: <code>{html.escape(url + PREFIX)}</code>, 密钥任意 · any key</p>
<p>千帆 V2 · Qianfan V2: <code>{html.escape(url + QIANFAN_PREFIX)}</code>, IAM: <code>{html.escape(url + EXCHANGE)}</code>
(<code>{ACCESS_KEY}</code> / <code>{SECRET_KEY}</code>); 平台 · platform: <code>POST /v2/service?Action=DescribeServices</code></p>
<p>千帆 V1 · Qianfan V1: <code>{html.escape(url)}</code> (<code>QIANFAN_BASE_URL</code>), OAuth: <code>{html.escape(url + oauth.PATH)}</code>,
任意 API Key / Secret Key · any pair; 自己部署的服务 · deployed services: <code>your_custom_endpoint</code>, <code>ngxxxol8_test1</code></p>
<h2>提示词里的指令 · Directives in a prompt</h2>
<p><code>[[echo]]</code> <code>[[chunks=2000]]</code> <code>[[pace=5ms]]</code> <code>[[reasoning]]</code> <code>[[flag=3]]</code> <code>[[finish=length]]</code> <code>[[clear]]</code></p>
<h2>故障 · Faults</h2>
<p><code>POST /emulator/faults {{"stall_after": 3}}</code>: {faults}<br>
<code>GET /emulator/requests</code>: 请求日志 · the log of requests<br>
<code>DELETE /emulator/platform</code>: 忘掉平台上的一切 · forget all that was made on the platform<br>
启动时打印的令牌放在 <code>Authorization: Bearer …</code> 里 · all require the token that is printed at start</p>
<h2>错误码 · Errors</h2>
<table><tr><th>HTTP<th>code<th>message<th>如何触发 · how to provoke it</tr>{rows}</table></html>"""
