"""What a refusal means that has no code of Baidu's tables: by the words of other makes of servers.

One table, most certain first. A word in a code or a type is believed with any status, unless its
row says otherwise; a sentence only beside the statuses with which such servers send it, since a
refusal of a wrong request may repeat the prompt, which may be about anything.

Sources: the error tables of OpenAI (https://platform.openai.com/docs/guides/error-codes), Zhipu
(https://docs.bigmodel.cn/cn/api/api-code), Volcengine (https://www.volcengine.com/docs/82379/1299023),
DashScope (https://help.aliyun.com/zh/model-studio/error-code), OpenRouter
(https://openrouter.ai/docs/api/reference/errors-and-debugging) and MiniMax; the issues of LiteLLM,
One API, vLLM, SGLang, llama.cpp, Ollama, LM Studio and Text Generation Inference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ernie_magic.api import values
from ernie_magic.api.http_status import (
    BAD_REQUEST,
    CONTENT_TOO_LARGE,
    FORBIDDEN,
    GONE,
    LEGAL_REASONS,
    NOT_FOUND,
    PAYMENT_REQUIRED,
    SERVER_ERROR,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    UNPROCESSABLE,
)
from ernie_magic.wire.error_codes import (
    ADDRESS_NOT_ALLOWED,
    BLOCKED_ACCOUNT,
    CLIENT_CERTIFICATE,
    MISSING_SCOPE,
    NO_PICTURES,
    REVIEWED_CONTENT,
    TLS_REQUIRED,
    TOO_MANY_PICTURES,
    TOOLS_LEFT_OUT,
    UNKNOWN_OBJECT,
    UNSAFE_ANSWER,
    UNSAFE_PROMPT_OR_ANSWER,
    UNSUPPORTED_FEATURE,
    UNSUPPORTED_REGION,
    case_for,
    is_failing_status,
    is_unexplained_status,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ernie_magic.wire.error_codes import Case

_NO_KEY_OF_FASTGPT = 514  # beside a `statusText` (https://github.com/labring/FastGPT/issues/3668)
_WRONG_REQUEST = (BAD_REQUEST, UNPROCESSABLE)
_EXAMINED = 4000  # characters of a message
_BEGINNING = 100  # characters of a wrong request's message, behind which it may repeat the prompt
# What a message quotes, and where it repeats what was sent (pydantic's `input: …`, `got: …`).
_QUOTED = re.compile(r"(?<!\w)(?:'[^']*'|\"[^\"]*\"|`[^`]*`)(?!\w)|“[^“”]*”|「[^「」]*」")
_REPEATED = re.compile(
    r"\b(?:input(?:_value)?|got|received|provided|given)['\"]?\s?[:=].*", re.DOTALL
)
# A client's error that a gateway repeats: `litellm.AuthenticationError: …`.
_CLIENT_ERROR = re.compile(r"^(?:litellm|openai|anthropic)\.(\w+)")
# A code or a type, rather than a sentence in its place.
_NAME = re.compile(r"[^\s]+(?: [^\s]+){0,3}")
# The name of an exception before what it says, iFlytek's `AppIdConcurrentOverLimitError: …`.
_EXCEPTION = re.compile(r"[A-Z]\w{0,80}[a-z][A-Z]\w{0,80}")


def _compile(*parts: str) -> re.Pattern[str]:
    """Return a pattern for any of these parts, in either case."""
    return re.compile("|".join(parts), re.IGNORECASE | re.DOTALL)


_NEVER = re.compile(r"(?!)")


class Meaning(NamedTuple):
    """One thing that servers say in words of their own.

    Attributes
    ----------
    status : int
        The HTTP status that says it.
    code : str
        The code of `error_codes.CASES` that says it; "" for the status alone.
    names : Pattern
        Its words in a code or a type.
    sentence : Pattern
        Its words in a message.
    statuses : tuple of int
        Beside which the sentence is believed.
    named_with : tuple of int
        Beside which its names are believed; () for any. They always are beside success.
    with_success : bool
        Whether the sentence is believed beside success as well.
    """

    status: int
    code: str
    names: re.Pattern[str]
    sentence: re.Pattern[str]
    statuses: tuple[int, ...]
    named_with: tuple[int, ...] = ()
    with_success: bool = True

    @property
    def case(self) -> Case:
        """The row of the table."""
        return case_for(self.status, self.code)

    def is_named(self, status: int) -> bool:
        """Whether its names are believed beside a status."""
        return status < BAD_REQUEST or not self.named_with or status in self.named_with

    def is_said(self, status: int) -> bool:
        """Whether its sentence is believed beside a status."""
        if status < BAD_REQUEST:
            return self.with_success
        return status in self.statuses


_QUOTA = Meaning(
    PAYMENT_REQUIRED,
    "",
    _compile(
        r"insufficient.?(?:user.?)?(?:quota|balance|credit|fund)|current.?quota",
        r"billing.?(?:hard.?limit|not.?active)|payment.?required|arrear|overdue|out.?of.?credit",
        r"(?:quota|package|resource|pack).?exhaust|budget.?exceeded|free.?tier.?only",
        r"quota.?(?:reached|exceeded)|set.?limit.?exceeded|usage.?limit.?(?:reached|exceeded)",
        r"not.?purchased|欠费|余额不足|not.?enough.?balance|pre.?consume.{0,20}fail",
    ),
    _compile(
        r"余额.{0,6}(?:不足|用完|用尽|耗尽)|欠费|(?:令牌|用户)额度(?:已|不足)|预扣费?额度?失败",
        r"(?:订阅|剩余|账户|账号)的?额度.{0,6}(?:不足|用完|用尽|耗尽)|(?:积分|点数)(?:不足|已?用完)",
        r"(?:免费|月|周|套餐|资源包)[^，。]{0,8}(?:额度)?[^，。]{0,4}(?:用完|用尽|耗尽)|套餐已?(?:到|过)期",
        r"balance (?:is )?(?:insufficient|not enough|too low|negative|empty)",
        r"insufficient (?:account )?balance",
        r"(?:insufficient|not enough|out of|no) (?:\w+ )?(?:credits?|funds)\b(?! w\w+ charged)",
        r"credits? (?:limit )?(?:has been |have been |is |are )?"
        r"(?:exceeded|reached|exhausted|depleted)",
        r"(?:requires|need) more credits|all available credits|(?:included|free) credits",
        r"n[o'’]t have (?:\w+ ){0,2}(?:credits?|funds|balance)\b|(?:not enough|positive) balance",
        r"\bin arrears\b|billing (?:is )?not (?:enabled|active)|^payment required|\btop.?up your",
        r"(?:add|enter|provide|set up) (?:an? )?(?:valid )?payment (?:method|information|details)",
        r"budget has been exceeded|exceeded ?budget|over budget|crossed budget",
        r"free (?:tier|quota|trial)\b.{0,60}(?:exhausted|used up|expired|has ended)",
        r"usage limits? (?:for|of) your (?:plan|subscription)|spend(?:ing)? limit",
        r"(?:usage|key|set \w+) limit (?:has been |is |was )?(?:exceeded|reached)",
        r"quota is not enough|quota (?:was|has been) reached|out of .{0,20}quota",
        r"reached the set .{0,20}limit|^no (?:\w+ )?balance\b",
    ),
    (BAD_REQUEST, FORBIDDEN, NOT_FOUND, TOO_MANY_REQUESTS),
)
# A limit of nothing, which no waiting renews (https://github.com/google-gemini/gemini-cli/issues/22486).
_LIMIT_OF_NONE = Meaning(
    PAYMENT_REQUIRED,
    "",
    _NEVER,
    _compile(r"(?<!remaining )\blimit: ?0(?![.,]?\d)(?! (?:remaining|left))"),
    (TOO_MANY_REQUESTS,),
)
# What a key may spend, which One API's children tell with 401 (https://errs.dmxapi.cn).
_QUOTA_OF_KEY = Meaning(
    PAYMENT_REQUIRED,
    "",
    _NEVER,
    _compile(
        r"\b(?:token (?:amount|count|quota)|quota|balance|credits?)"
        r"\b[^.:;]{0,30}\b(?:exhausted|used up|depleted)\b",
        r"\bremain_?(?:quota|count) ?[=:] ?(?:0(?![.\d])|-\d)",
        r"(?:令牌|用户|密钥)的?(?:剩余)?(?:额度|配额|余额)(?:已|不足)",
    ),
    (UNAUTHORIZED, FORBIDDEN),
)
_LIMIT = Meaning(
    TOO_MANY_REQUESTS,
    "",
    _compile(
        r"rate.?limit|too.?many.?requests|throttl|resource.?exhausted|engine.?overloaded",
        r"limit_(?:requests|tokens|burst)|slow.?down|^(?:requests|tokens)$",
        r"request.?limit.?exceed|concurren\w*.?(?:requests?.?)?(?:limit|exceed)",
        r"(?:qps|[rt]p[ms]|flow|requests?|calls?|traffic).?(?:over.?)?(?:limit|flow).?(?:error|exceed)",
        r"(?:daily|weekly|monthly|hourly|minute|day).?limit",
    ),
    _compile(
        r"^rate limited\b|rate limit (?:is |was |has been )?(?:reached|exceeded)",
        r"too many (?:concurrent |parallel )?requests",
        # SiliconFlow's and Google's, with 403 too.
        r"\b(?:[RTI]P[MDS]|QPS) limit (?:is |was |has been )?(?:exceeded|reached)",
        r"\bquota exceeded for (?:quota )?metric\b",
        r"concurren\w* (?:requests? )?limit|并发数?(?:超|过|已达)|请求过于频繁",
        # iFlytek's 11201 to 11203 (https://www.xfyun.cn/doc/spark/Web.html), Hunyuan's 2003.
        r"流控超限|请求限频|流量(?:受限|超限)",
        r"(?:qps|conc)\w*over ?flow",
    ),
    (BAD_REQUEST, FORBIDDEN, 500, 502, 503),
)
# In an answer's place, where nothing else can be meant.
_LIMIT_ALONE = Meaning(
    TOO_MANY_REQUESTS,
    "",
    _NEVER,
    _compile(r"rate.?(?:growth.?)?limit|too.?many.?requests|限流|(?:并发数|频率)过高"),
    (),
)
_KEY = Meaning(
    UNAUTHORIZED,
    "",
    _compile(
        r"invalid.?(?:api|access|secret|auth\w*).?(?:key|token|credential)",
        r"(?:api.?key|token|credential)s?.?(?:invalid|expired|not.?found|missing|disabled)",
        r"expired.?(?:api.?)?key|incorrect.?api.?key|auth(?:entication)?.?(?:error|fail|invalid)",
        r"un.?auth(?:orized)?.?(?:api.?)?(?:key|token)",
    ),
    _compile(
        r"(?:api|access|virtual).?key (?:is |has )?(?:not valid|invalid|missing|expired|revoked)",
        r"(?:invalid|incorrect|expired|revoked|wrong|missing) (?:api|access|virtual|secret).?key\b",
        r"expired key\b|(?:invalid|expired) (?:auth\w*|bearer|jwt|access) (?:token|header)\b",
        r"auth(?:entication|orization) (?:error|failed|fails|failure)|login fail",
        r"token (?:has |is )?expired",
        r"(?:令牌|token|密钥|api.?key|access.?key)[^，。,.]{0,8}(?:无效|非法|过期|失效)",
        r"(?:密钥|api.?key|身份|鉴权)[^，。,.]{0,4}(?:不正确|有误|错误|不存在|未通过|失败)",
        r"未提供 ?(?:token|令牌|密钥|api.?key)|无效的 ?(?:令牌|token|密钥|api.?key)",
    ),
    (BAD_REQUEST, FORBIDDEN),
    (BAD_REQUEST, FORBIDDEN, _NO_KEY_OF_FASTGPT),
)
_MODEL_NOT_ALLOWED = Meaning(
    FORBIDDEN,
    "invalid_model",
    _compile(
        r"model.?(?:access|permission).?denied|model.?not.?open|not.?activated|unpurchased",
        r"un.?auth.?model|no.?auth(?:.?error)?$",
    ),
    _compile(
        r"(?:not (?:allowed|authorized|permitted)|no permission|no access"
        r"|do(?:es)? ?n[o']t have access)"
        r" to (?:access |use |call )?(?:the |this )?(?:requested )?model",
        r"(?:has )?not activated the model|account is not allowed to access this model",
        r"access to (?:the |this )?model (?:\S+ )?(?:is |was )?denied",
        r"\bmodel\b.{0,60}\bnot (?:currently )?available (?:for|to) (?:your|this)"
        r" (?:account|key|team)\b",
        r"无权(?:访问|使用|调用)?.{0,6}模型|(?:未开通|未授权).{0,12}模型|模型.{0,40}未(?:开通|授权)",
        r"(?:套餐|订阅)[^，。]{0,12}(?:未|没有|不)(?:开放|开通|包含|包括)",
        r"套餐[^，。]{0,6}不支持.{0,8}模型",
        r"\bupgrade .{0,30}\bto (?:use|access) (?:this|the) model",
        r"\b(?:this|the) model (?:requires|needs|is only available (?:to|for|in|on|with))"
        r" (?:\w+ ){0,3}(?:plans?|subscriptions?|tiers?)\b",
        r"\b(?:plan|subscription|tier)\b.{0,20}n[o'’]t (?:yet )?(?:include|cover|have access to)",
        r"not (?:included|available|offered) (?:in|on|under|with|for) (?:your|the|this) (?:\w+ )?"
        r"(?:plan|subscription|tier)\b|n[o'’]t have a free (?:\w+ )?tier",
    ),
    (BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY_REQUESTS),
)
# An access key that Baidu's cloud does not know, also beside 404.
_NO_CREDENTIAL = Meaning(
    UNAUTHORIZED,
    "invalidaccesskeyid",
    _NEVER,
    _compile(r"\b(?:credential not found|(?:could|can) ?not find credential)\b"),
    (BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND),
)
# A key that is restricted to some calls: OpenAI's, GitHub's, Hugging Face's.
_MISSING_SCOPE = Meaning(
    FORBIDDEN,
    MISSING_SCOPE,
    _compile(r"(?:insufficient|missing|invalid).?(?:scope|permission)s?"),
    _compile(
        r"\bmissing (?:required )?scopes?\b|\binsufficient (?:permission|scope|privilege)s?\b",
        r"n[o'’]t have (?:the )?(?:sufficient|necessary|required) (?:permission|scope)s?\b",
        r"\bpermission is required\b|权限范围|缺少.{0,8}权限",
    ),
    (UNAUTHORIZED, FORBIDDEN),
    (UNAUTHORIZED, FORBIDDEN),
)
_UNSAFE = Meaning(
    FORBIDDEN,
    REVIEWED_CONTENT,
    _compile(
        r"content.?(?:filter|policy|security|moderation|risk|safety|censor|blocked)",
        r"bad.?content|prohibited.?content|sensitive.?(?:content|word|info)|inspection.?fail",
        r"risk.?(?:detect|control)|illegal.?detected|moderation.?(?:block|fail|error)|unsafe",
        r"responsible.?ai|image.?(?:content.?)?(?:policy|safety)|moderation_blocked|censored",
    ),
    _compile(
        r"敏感(?:内容|信息|词)|违[规禁](?:内容|信息|词)|涉[黄政恐暴]|(?:未通过|没有通过|不符合).{0,8}(?:审核|安全策略|内容安全)",
        r"(?:内容|文本|图片|输入|提示词).{0,6}(?:审核|安全检测|风控).{0,6}(?:未通过|不通过|不合规|拦截)",
        r"内容.{0,12}(?:不安全|不合规|违规)|触发.{0,6}(?:风控|内容审核)",
        r"content (?:management |usage )?polic(?:y|ies)|content (?:filter|moderation|exists risk)",
        r"(?:input|prompt|request|content|message)\w* (?:(?:was|were|is|has been|may be) )?flagged",
        r"(?:NSFW|harmful|disallowed|unsafe) content",
        r"sensitive (?:content|information|word)|new_sensitive",
        r"(?:considered|is) high risk|prohibited content|safety (?:system|filter|polic)",
        r"inappropriate content|violat\w+ .{0,40}(?:usage polic|content|guidelines\b)",
        r"violat\w+ .{0,40}(?:terms of (?:service|use)|acceptable use|responsible AI)",
        r"content you provided .{0,60}blocked|prompt was blocked",
        r"(?:content|input|output) (?:audit|review|inspection)",
        r"blocked by (?:\w+ )?(?:guardrail|content|safety|moderation)",
    ),
    (BAD_REQUEST, FORBIDDEN, UNPROCESSABLE, LEGAL_REASONS),
)
_REGION = Meaning(
    FORBIDDEN,
    UNSUPPORTED_REGION,
    _compile(
        r"unsupported.?(?:country|region|location)|(?:region|country).?not.?(?:supported|allow)"
    ),
    _compile(
        r"\b(?:country|region|territory|location)\b.{0,40}\bnot (?:supported|available|allowed)",
        r"not (?:available|supported|offered) in your (?:country|region|location)",
        r"(?:地区|区域|国家).{0,8}(?:不支持|不可用|受限|不提供)|不支持.{0,8}(?:地区|国家)",
    ),
    (BAD_REQUEST, FORBIDDEN, LEGAL_REASONS),
)
# A text model's or server's, also by the part of a message that it refuses.
_NO_PICTURES = Meaning(
    BAD_REQUEST,
    NO_PICTURES,
    _NEVER,
    _compile(
        r"unknown variant\W{1,3}image_url\b|\bvalue: \W?image_url\b",
        r"\bimage_url is only supported by",
        r"messages\S{0,20}\bcontent\S{0,8}\btype\b.{0,40}(?:非法|无效|不正确|错误|不支持)",
        r"\bis not a (?:multi-?modal|vision|VLM|VL)\b|data required for image",
        r"\b(?:do(?:es)? ?n[o'’]t|not|cannot|that) support"
        r" (?:image|vision|visual|multi-?modal) (?:inputs?|contents?|requests?)\b",
        r"\b(?:image|vision|multi-?modal) (?:input|content)s? (?:is |are )?"
        r"(?:currently )?(?:not supported|unsupported|not enabled)",
        r"(?:模型|接口|服务)[^，。]{0,20}不支持.{0,6}(?:图片|图像|视觉|多模态)(?:输入|理解|内容|消息)",
    ),
    (BAD_REQUEST, NOT_FOUND, UNPROCESSABLE, 500, 501),
)
_TOO_MANY_PICTURES = Meaning(
    BAD_REQUEST,
    TOO_MANY_PICTURES,
    _NEVER,
    _compile(
        r"\bat most \d+ (?:image|picture)(?:\(s\)|s)?(?: items?)? (?:may|can) be provided",
        r"\btoo many (?:images|pictures)\b(?! tokens)",
        r"\b(?:number|count) of (?:images|pictures)\b[^.;]{0,40}(?:exceed|larger|more than)",
        r"图[片像](?:的?数量?|张数|个数)[^，。]{0,12}(?:超|过多|上限|最多)",
    ),
    (BAD_REQUEST, CONTENT_TOO_LARGE, UNPROCESSABLE),
)
# Of a conversation with tools: https://github.com/BerriAI/litellm/issues/5388, Anthropic's and
# Bedrock's own.
_TOOLS_LEFT_OUT = Meaning(
    BAD_REQUEST,
    TOOLS_LEFT_OUT,
    _NEVER,
    _compile(
        r"\btool calling without\W{0,3}tools=|\bexpects? the\W{0,3}tools=",
        r"\btoolconfig field must be defined",
        r"\btool_(?:use|result)\b.{0,60}\bmust define\W{0,3}tools\b",
    ),
    (BAD_REQUEST, UNPROCESSABLE, 500),
)
_FEATURES = (
    r"(?:images?|vision|multi-?modal|pictures?|audio|videos?|tools?|tool.?(?:use|choice|call\w*)"
    r"|functions?|function.?call\w*|thinking|reasoning|json|schemas?|structured output|logprobs"
    r"|stream(?:ing|ed)?|chat|completions?|embeddings?|system (?:prompt|message|role)s?)"
)
_FEATURE = Meaning(
    BAD_REQUEST,
    UNSUPPORTED_FEATURE,
    _compile(r"unsupported.?(?:feature|operation|modality)|not.?implemented"),
    _compile(
        rf"\b{_FEATURES}\b(?: (?:input|output|content|calling|use|parts?|mode))?s?"
        r" (?:is |are )?(?:currently )?(?:not supported|unsupported|not enabled|not available)",
        rf"(?:does ?n[o']t|do ?n[o']t|not|cannot) support {_FEATURES}\b",
        # Old llama-servers: https://github.com/simonw/llm-llama-server/issues/3.
        rf"cannot (?:use|combine|mix) {_FEATURES} (?:with|and) {_FEATURES}\b",
        rf"unsupported {_FEATURES}\b|is not a (?:multimodal|vision|chat|embedding) model",
        r"no endpoints (?:\w+ )?(?:that support|matching)|no allowed providers",
        r"requires --[a-z]|data required for image",
        r"\broles? must alternate|\bonly user\b.{0,40}\broles? .{0,12}supported",
        r"does not support '?system|(?:system|developer) instruction is not enabled",
        r"all providers (?:have been|were|are) ignored",
        r"\bmodel\b.{0,60}\b(?:only|not) (?:supported|available) (?:in|by|on|with|via|at|through)\b"
        r".{0,20}\b(?:endpoint|api\b)|please use (?:the )?/?v\d+/",
        r"\b(?:only|not) (?:supported|available) (?:in|by|on|with|via|at|through) (?:the )?/?v\d+/",
        r"不支持.{0,12}(?:图片|图像|视觉|多模态|语音|视频|工具|函数|思考|流式|调用方式)",
    ),
    (BAD_REQUEST, NOT_FOUND, UNPROCESSABLE, 500, 501),
)
# Of servers that load a model by its name, or choose a provider by it: mlx_lm, Transformers,
# llama-swap, Ray Serve, CLIProxyAPI.
_NOT_LOADABLE = (
    r"repository not found for url|not a valid model identifier",
    r"(?:could ?n[o']t|cannot|unable to) find (?:\w+ ){0,3}(?:model(?:id)?\b|inference handler)",
    r"\bno valid model found\b|\b(?:unknown|no) provider (?:found )?for model\b",
)
# A model that vLLM, SGLang, Ollama or a gateway does not have.
_NO_MODEL = Meaning(
    NOT_FOUND,
    "model_not_found",
    _compile(
        r"model.?(?:not|does.?not|un).?(?:found|exist|available|known|supported)",
        r"(?:no.?such|unknown|invalid).?(?:model|deployment)|deployment.?not.?found",
        r"endpoint.?or.?model.?not|invalid.?endpoint.?not|closed.?endpoint",
        r"model.?(?:decommissioned|deprecated)",
    ),
    _compile(
        r"\bmodel\b.{0,200}?(?:(?:does not|doesn't|not) exist|not (?:be )?found|not available)",
        r"(?:no such|unknown|invalid) model|no endpoints found|no models? (?:is |are )?loaded",
        r"\b(?:deployment|model)\b.{0,80}(?:does not exist|retired|decommissioned|deprecated)",
        r"models/\S+ is not found|not found the model|^model: \S+$",
        r"\bmodel\b.{0,80}end of (?:its )?life",
        # NVIDIA's, whose models are functions: github.com/Alishahryar1/free-claude-code/issues/956.
        r"\bfunction\b.{0,120}(?:not found for account|in account .{0,80}\bnot found)",
        r"\b(?:endpoint with name|given endpoint|lora)\b.{0,80}does not exist",
        r"graph definition with requested name|\bmodel \S+ (?:is )?not served",
        *_NOT_LOADABLE,
        r"模型.{0,100}?(?:不存在|未找到|找不到|已下线)",
    ),
    (NOT_FOUND, GONE),
    (BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, GONE, UNPROCESSABLE),
    with_success=False,
)
# In quotation marks, or told by its digits, dashes and slashes.
_MODEL_NAME = r"(?:[`'\"]\S+[`'\"]|(?=\S{0,80}[\d/-])[\w./:@-]{1,100})"
# And where another thing of the request may be what is not found.
_CERTAINLY_NO_MODEL = Meaning(
    NOT_FOUND,
    "model_not_found",
    _NEVER,
    _compile(
        rf"\bmodel:? (?:{_MODEL_NAME} )?(?:is |was )?(?:not found|(?:does |do )?not exist)",
        rf"\bmodel:? (?:{_MODEL_NAME} )?doesn['’]t exist|\bno such model",
        r"\bmodel .{0,80}(?:has been|was|is) (?:retired|decommissioned|deprecated)\b",
        r"(?:invalid|unknown|incorrect|wrong) model (?:name|id|[`'\"])|not a valid model",
        r"your model \S+ is not|allowed now, your",
        r"^(?:invalid|unknown|unsupported) model\b|\bmodel (?:is |has been )?disabled",
        r"\bmodel (?:identifier|id|name) (?:is |was )?(?:invalid|unknown|not valid)",
        r"(?:模型|API) ?['\"`“「]?[\w./:-]{0,60}['\"`”」]? ?(?:不存在|未找到|找不到|已下线)",
        r"无效的?模型|模型(?:名称?|编码|标识|ID)(?:无效|有误|错误|不正确)",
        r"\bno model (?:named|matches)\b",
        rf"\bmodel:? {_MODEL_NAME} is not (?:currently )?(?:available|served|supported)\b",
        r"\bmodel\b[^.]{0,120}\bhas no (?:\w+ )?providers?\b|^the engine \S+ does not exist",
        # NVIDIA's, of a model whose servers have failed.
        r"\bdegraded function\b",
        *_NOT_LOADABLE,
        r"模型.{0,80}无可用(?:的)?渠道|no available channels? for model",
    ),
    (*_WRONG_REQUEST, FORBIDDEN, 500, 503),
)
# What is read, its measure, and that it is too much: all three in one clause that names neither
# the answer's length nor a least one.
_READ = (
    r"(?:prompts?|inputs?|contexts?|sequences?|messages?|texts?|contents?|quer(?:y|ies)|prefill"
    r"|request (?:contains|has|is)|conversation|history|documents?)"
    r"(?:_(?:tokens|length|ids))?(?![\w\[.])"
)
_MEASURE = r"(?:(?:max_?)?length|tokens?|context|characters|max_(?:seq|model|input)\w*|n_ctx\w*)"
_TOO_MUCH = (
    r"(?:exceed\w*|(?<!be )(?:longer|greater|larger|more) than|too (?:long|large|many|big)"
    r"|(?:must|should|needs? to|ha(?:s|ve) to) .{0,16}(?:less|fewer|shorter|smaller|at most|no more"
    r"|up to|within|under|below|<)|supports? (?:at most|up to)|\d >=? \d|\bmax\w* .{0,60}\bbut\b"
    r"|\bbut (?:the|its|this) .{0,30}\b(?:length|limit|window))"
)
_TOO_MUCH_READ = (
    r"(?:^|[.;:!] )(?![^.;]{0,200}(?:max_(?:completion_|output_|new_)?tokens"
    r"|\b(?:outputs?|completions?|least|minimum|empty)\b))"
    rf"(?=[^.;]{{0,200}}\b{_READ})(?=[^.;]{{0,200}}(?<![a-z]){_MEASURE}\b)(?=[^.;]{{0,200}}{_TOO_MUCH})"
)
# An input that is longer than a model reads, which llama.cpp's server also told with 500.
_TOO_LONG = Meaning(
    BAD_REQUEST,
    "context_length_exceeded",
    _compile(
        r"(?:input|prompt|context|token)\w*.?(?:too.?(?:long|large)|.{0,10}exceed)",
        r"exceed.?context|string.?above.?max|range.?of.?input",
    ),
    _compile(
        r"max(?:imum)? input (?:characters|length)|context length of only|trying to keep the first",
        r"(?:maximum|available) context|context.?(?:length|size|window).{0,40}exceed",
        r"exceed\w*.{0,60}context|(?:prompt|input)\b.{0,40}\b(?:too long|(?<!be )longer than)",
        r"exceed\w* (?:the )?(?:\w+ ){0,3}token limit|input length should be|input token count",
        r"`?inputs`? (?:tokens )?(?:\+|must have less than)|maximum (?:input|sequence) length",
        r"(?:prompt|输入|提示词|上下文|消息|内容|文本)[^，。]{0,12}(?:超长|过长|太长|超出|超过)",
        r"^\s*tokens? ?(?:数量?|总数)超[过出]",
        r"^\s*tokens? (?:count )?limit|\btokens? (?:count |limit )?exceed|too many tokens",
        r"\b(?:input|prompt) (?:\([^)]{0,40}\) )?is too (?:large|big)",
        r"(?:reduce|shorten) (?:the length of )?(?:the|your) (?:prompt|messages?|input|text)\b",
        r"(?:输入|请求|提示词?|上下文|对话|消息|文本|prompt|messages?)[^，。输]{0,12}(?:长度|(?<!max_)tokens?)"
        r"[^，。]{0,40}(?:超|大于|上限|小于)",
        _TOO_MUCH_READ,
    ),
    (BAD_REQUEST, CONTENT_TOO_LARGE, UNPROCESSABLE, 500),
    (BAD_REQUEST, CONTENT_TOO_LARGE, UNPROCESSABLE, 500),
)
_NO_ENDPOINT = Meaning(
    NOT_FOUND,
    "",
    _NEVER,
    _compile(
        r"(?:unexpected|unknown|unsupported) endpoint|unrecognized request url",
        # DeepSeek's, with 418 (https://github.com/deepseek-ai/DeepSeek-V2/issues/67).
        r"^requested resource not found",
    ),
    (BAD_REQUEST,),
)
_BUSY = Meaning(
    503,
    "",
    _NEVER,
    _compile(
        r"\b(?:too|currently|server|system|service) (?:is )?busy|overloaded",
        r"[系服][统务](?:繁?忙|过载)|负载已?饱和|访问量过大",
    ),
    (),
)
_CRASHED = Meaning(
    500,
    "",
    _NEVER,
    _compile(r"(?:model|engine|runner|worker)\b.{0,20} (?:has |was )?(?:crashed|terminated|died)"),
    (BAD_REQUEST,),
)
# In an answer's place.
_FAILED = Meaning(
    500,
    "",
    _NEVER,
    _compile(r"internal service error|^\W*(?:unknown error|time(?:d )?-?out)\W*$"),
    (),
)
_BLOCKED_ACCOUNT = Meaning(
    FORBIDDEN,
    BLOCKED_ACCOUNT,
    _compile(r"account.?(?:deactivated|suspended|disabled|locked|blocked)"),
    _compile(
        r"account (?:\S+ )?(?:has been |is |was )(?:suspended|deactivated|locked|disabled|banned)",
        r"(?:账户|账号|用户).{0,12}(?:锁定|封禁|停用|冻结|非活动)",
    ),
    (BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, TOO_MANY_REQUESTS),
)
_ADDRESS_NOT_ALLOWED = Meaning(
    FORBIDDEN,
    ADDRESS_NOT_ALLOWED,
    _compile(r"ip.?not.?(?:authorized|allowed)"),
    _compile(
        r"\bIP(?: address)?\b.{0,40}\bnot (?:authorized|allowed|permitted|in|on)\b",
        r"allowed only from .{0,20}\bIP\b",
        r"\bIP\b.{0,12}(?:不在|未被允许|受限|白名单)|不在.{0,6}白名单",
    ),
    (UNAUTHORIZED, FORBIDDEN),
)
# What is not found is something that the request names.
_NO_OBJECT = Meaning(
    NOT_FOUND,
    UNKNOWN_OBJECT,
    _NEVER,
    _compile(
        r"\b(?:file|conversation|thread|assistant|tool|dataset|voice|batch|job|task|session"
        r"|collection|index|project|organization)\b.{0,80}(?:not found|does not exist)",
        r"no such (?:file|conversation|tool|dataset|voice|batch|job|task|organization)",
    ),
    (NOT_FOUND,),
    with_success=False,
)
_TLS_PORT = Meaning(
    BAD_REQUEST,
    TLS_REQUIRED,
    _NEVER,
    _compile(r"http request was sent to https|http request to an https|requires tls"),
    (BAD_REQUEST, 497),
)
# nginx's page (https://nginx.org/en/docs/http/ngx_http_ssl_module.html#errors), and API gateways'.
_CLIENT_CERTIFICATE = Meaning(
    BAD_REQUEST,
    CLIENT_CERTIFICATE,
    _NEVER,
    _compile(
        r"no required ssl certificate was sent|the ssl certificate error",
        r"client certificate (?:is )?(?:required|missing|needed)",
        r"(?:invalid|missing|no|requires? an?) (?:valid )?client certificate",
    ),
    (BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, 495, 496),
)
MEANINGS = (
    _TLS_PORT,
    _CLIENT_CERTIFICATE,
    _LIMIT_OF_NONE,
    _QUOTA,
    _QUOTA_OF_KEY,
    _BLOCKED_ACCOUNT,
    _ADDRESS_NOT_ALLOWED,
    _LIMIT,
    _MODEL_NOT_ALLOWED,
    _MISSING_SCOPE,
    _NO_CREDENTIAL,
    _KEY,
    _UNSAFE,
    _REGION,
    _NO_PICTURES,
    _TOO_MANY_PICTURES,
    _TOOLS_LEFT_OUT,
    _FEATURE,
    _NO_MODEL,
    _CERTAINLY_NO_MODEL,
    _NO_OBJECT,
    _TOO_LONG,
    _LIMIT_ALONE,
    _NO_ENDPOINT,
    _BUSY,
    _CRASHED,
    _FAILED,
)
# Whose words stand around what is quoted: a model's name, a length, a field.
_AROUND_A_QUOTATION = (
    *(_NO_MODEL, _CERTAINLY_NO_MODEL, _NO_OBJECT, _TOO_LONG),
    *(_NO_PICTURES, _TOOLS_LEFT_OUT),
)
# The same said of the answer's length, which an option asks for.
_TOO_MANY_ASKED = _compile(
    r"max_(?:completion_|output_)?tokens.{0,40}too large",
    r"(?:^|[.:;] )\W?max_(?:completion_|output_|new_)?tokens\b.{0,40}(?:exceed|greater|larger)",
)
_LEFT_FOR_ANSWER = re.compile(r"\((\d{1,9}) > (\d{1,9}) - \d{1,9}\)")
# One request that asks for more than a minute's limit (OpenAI, Groq): waiting does not help.
_TOO_LARGE_FOR_LIMIT = re.compile(
    r"request (?:is )?too large\b.{0,200}\blimit|tokens must be reduced", re.IGNORECASE | re.DOTALL
)
# What is counted, and the time in which it is: "requests in the last 24 hours", "calls within 7
# days". Without what is counted, it may be how long to wait.
_COUNTED = (
    r"(?:\b(?:last|past|previous|rolling|trailing)[\s-]+"
    r"|\b(?:calls?|messages?|prompts?|quer(?:y|ies)|requests?|tokens?)\s+(?:with)?in\s+(?:any\s+|a\s+)?)"
)
_COUNTED_ZH = r"(?:过去|最近|近) ?"
# How services name a day's limit: requests per day (RPD), free-models-per-day, daily limit, per 24
# hours. Where a minute's is named beside it, it may be either.
_DAY = _compile(
    rf"{_COUNTED}(?:24[\s-]*h|(?:1[\s-]*|one )?day\b)",
    rf"{_COUNTED_ZH}(?:24 ?小时|[1一] ?[天日])",
    r"(?<![a-z])(?:per|each|every|an?)[\s_-]*(?:day|24[\s_-]*h|86,?400[\s_-]*s)|/\s*day",
    r"(?:Per|By)Day|(?<![a-z])(?:daily|[IRT]PD)(?![a-z])",
    r"\btoday's\b|\b(?:for|of) today\b|\b(?:try again|come back) tomorrow\b",
    r"(?-i:Daily(?=[A-Z])|Day(?:Flow|Limit|Quota|Requests?|Calls?|Tokens?))",
    r"每[日天]|单日|[当今][日天]|日(?:限额|配额|额度|调用|请求|流控)",
)
_LONGER_THAN_A_DAY = _compile(
    rf"{_COUNTED}(?:\d+[\s-]*)?(?:h(?:ou)?rs?\b|days\b|weeks?\b|months?\b)",
    rf"{_COUNTED_ZH}(?:\d+ ?)?(?:个?小时|[天周]|个?月)",
    r"(?-i:(?:Weekly|Monthly)(?=[A-Z]))|(?<![a-z])(?:weekly|monthly)(?![a-z])|(?:per|this|/)[\s_-]*(?:week|month)(?![a-z])",
    r"(?<![a-z])h(?:ou)?r(?:s|ly)?[\s_-](?:\w+[\s_-]){0,2}(?:quota|allowance)",
    r"\b\d+[\s-]?h(?:ou)?rs?\b[^\"\n]{0,30}limit|limit\b[^\"\n]{0,30}\b\d+[\s-]?h(?:ou)?rs?\b",
    r"hit your (?:usage )?limit|out of (?:extra )?usage|\bresets (?:at )?\d{1,2}(?::\d\d)? ?[ap]m",
    r"[每本当单][周月]|[周月](?:限额|配额|额度)",
    r"\d+ ?(?:个?小时|周|个?月)的?[^，。]{0,6}(?:上限|限额|额度)",
)
# Requests per hour (RPH), as SiliconFlow has (https://github.com/jxq1997216/AITranslator/issues/32).
_HOUR = _compile(
    r"(?<![a-z])(?:per|each|every|an)[\s_-]*hour(?![a-z])|/\s*hour|PerHour|(?<![a-z])[IRT]PH(?![a-z])",
    r"每(?:\d+ ?个?)?小时",
)
# DashScope tells its limits of a second and a minute with the words and the code of spent money,
# and only its link tells which (https://help.aliyun.com/en/model-studio/rate-limit). What was
# given for free is not renewed.
_ABOUT_RENEWED_LIMITS = _compile(
    r"[/#](?:token|rate|request)s?-limit(?:s|ing)?\b|(?<!free )\ballocated quota exceeded",
    r"(?<!free )(?<!free allocated )\bquota\b.{0,120}https?://[\w.-]*\b(?:aliyun|alibabacloud)\.com/",
)
_SHORTER = _compile(
    r"(?<![a-z])(?:per|each|every|an?)[\s_-]*(?:min|sec)|/\s*(?:min|sec)|Per(?:Minute|Second)",
    rf"{_COUNTED}(?:\d+[\s-]*)?(?:min|sec)",
    r"(?<![a-z])(?:[IRT]PM|QPS|RPS)(?![a-z])|每[分秒]",
)
# Not in a link.
_SAYS_RATE = _compile(r"(?<![/#\w-])rate.?limit|too.?many.?requests|限流|频率|速率")
# Of what content review refuses, as DashScope, Volcengine and MiniMax name it.
_GENERATED = _compile(r"output|\bgenerated\b|生成的?(?:内容|文本|文字|图片|结果)|输出|回答")
_SENT = _compile(r"input|\bprompt|\bprovided\b|输入|提示词|提问")
# Words that name a status, without separators and without "error" or "exception" at their end.
_STATUS_OF_WORD = {
    "badrequest": 400,
    "invalidrequest": 400,
    "authentication": 401,
    "authfailure": 401,
    "authfailed": 401,
    "authenticationfailed": 401,
    "authenticationfailure": 401,
    "invalidapikey": 401,
    "invalidaccesskey": 401,
    "invalidtoken": 401,
    "unauthenticated": 401,
    "unauthorized": 401,
    "permission": 403,
    "permissiondenied": 403,
    "forbidden": 403,
    "notfound": 404,
    "api": 500,
    "internal": 500,
    "internalserver": 500,
    "server": 500,
    "badgateway": 502,
    "overloaded": 503,
    "serveroverloaded": 503,
    "serviceunavailable": 503,
    "unavailable": 503,
    "deadlineexceeded": 504,
    "gatewaytimeout": 504,
    "timeout": 504,
}


def read_refusal(status: int, refusal_fields: Mapping[str, str]) -> tuple[int, Case]:
    """Return the status that a refusal means where HTTP's own says less, and the row of the table:
    gateways report any failure with 200, 400 or 5xx, and the status that they were given as a code.

    Parameters
    ----------
    status
        HTTP status.
    refusal_fields
        Code, type, message, `provider_message` and `status`, as far as the refusal has them.
    """
    reported = status
    if status <= BAD_REQUEST or status >= SERVER_ERROR:
        reported = _reported_status(refusal_fields) or status
    meaning = _find_meaning(reported, refusal_fields)
    if meaning is None and (words := refusal_fields.get("provider_message")):
        meaning = _find_meaning(reported, {"message": words})
    if meaning is not None:
        return meaning.status, meaning.case
    if reported < BAD_REQUEST:
        reported = _status_of_names(refusal_fields) or reported
    code = refusal_fields.get("code", "")
    if code.isdecimal():  # a status, or a number of another table than Baidu's
        code = ""
    return reported, case_for(reported, code)


def case_of_review(case: Case, refusal_fields: Mapping[str, str]) -> Case:
    """Return the row for what content review refuses where a service says that it is the answer, or
    not which it is; any other row unchanged.
    """
    if REVIEWED_CONTENT not in case.codes:
        return case
    words = (refusal_fields.get(name, "") for name in ("code", "type", "message"))
    said = _QUOTED.sub("", "\n".join(words)[:_EXAMINED])
    if not _GENERATED.search(said):
        return case
    return UNSAFE_PROMPT_OR_ANSWER if _SENT.search(said) else UNSAFE_ANSWER


def _find_meaning(status: int, refusal_fields: Mapping[str, str]) -> Meaning | None:
    """Return what a refusal says in words; None for what is not in the table."""
    fields = (refusal_fields.get(name, "") for name in ("code", "type"))
    names = [field for field in fields if _NAME.fullmatch(field)]
    message = refusal_fields.get("message", "")[:_EXAMINED]
    if exception := _EXCEPTION.match(message):
        names.append(exception[0])
    if is_unexplained_status(status):
        status = BAD_REQUEST
    told = _REPEATED.sub("", message)
    own_words = _QUOTED.sub("", told)
    if status in _WRONG_REQUEST:
        own_words = own_words[:_BEGINNING]
    for meaning in MEANINGS:
        if _means_another(meaning, status, message):
            continue
        if meaning.is_named(status) and any(map(meaning.names.search, names)):
            return meaning
        if not meaning.is_said(status) or _is_advice(meaning, status, own_words):
            continue
        said = own_words
        if meaning in _AROUND_A_QUOTATION:
            said = _without_sentences(told)
        if meaning.sentence.search(said):
            return meaning
    return None


def _without_sentences(told: str) -> str:
    """Return a message without what it quotes of several words, as no name and no length has them.
    All of it is kept where nothing else is said.
    """
    said = _QUOTED.sub(lambda quoted: "" if " " in quoted[0] else quoted[0], told)
    return said if said.strip() else told


def _is_advice(meaning: Meaning, status: int, own_words: str) -> bool:
    """Whether words of money or of a plan may be what the refusal of a limit advises: "add a
    payment method for a higher one".
    """
    is_about_account = meaning in (_QUOTA, _MODEL_NOT_ALLOWED)
    return is_about_account and status == TOO_MANY_REQUESTS and bool(_SAYS_RATE.search(own_words))


def _asks_for_too_many(message: str) -> bool:
    """Whether the answer's length alone is too much: not where it is with the input's, as vLLM says
    with its numbers ("200 > 1000 - 900").
    """
    left = _LEFT_FOR_ANSWER.search(message)
    is_alone = left is None or int(left[1]) >= int(left[2])
    return is_alone and bool(_TOO_MANY_ASKED.search(message))


def _means_another(meaning: Meaning, status: int, message: str) -> bool:
    """Whether a refusal is of another kind than its words seem: of the answer's length instead of
    the input's, of a limit that is renewed instead of money.
    """
    is_of_a_minute = bool(_SHORTER.search(message))
    if meaning is _TOO_LONG:
        return is_of_a_minute or _asks_for_too_many(message)
    if meaning is _QUOTA_OF_KEY or (meaning is _QUOTA and status == TOO_MANY_REQUESTS):
        is_renewed = is_of_a_minute or bool(_ABOUT_RENEWED_LIMITS.search(message))
        return is_renewed or bool(find_period(message))
    return False


def find_period(said: str) -> str:
    """Return by what a limit is counted that no minute renews, by a service's words: "hour", "day",
    "longer", or "" for any other limit.
    """
    if _SHORTER.search(said):
        return ""
    if _DAY.search(said):
        return "day"
    if _LONGER_THAN_A_DAY.search(said):
        return "longer"
    if _HOUR.search(said):
        return "hour"
    return ""


def says_no_pictures(message: str) -> bool:
    """Whether a refusal's words are about the pictures of a request, if that has any."""
    return bool(_NO_PICTURES.sentence.search(message[:_EXAMINED]))


def is_too_large_for_limit(message: str) -> bool:
    """Whether a refusal says that this request alone exceeds a limit."""
    return bool(_TOO_LARGE_FOR_LIMIT.search(message))


def _reported_status(refusal_fields: Mapping[str, str]) -> int:
    """Return the status that a refusal names: as its code, as its status, or as a client's error
    in its message; 0 for none.
    """
    client_error = _CLIENT_ERROR.match(refusal_fields.get("message", ""))
    if client_error and (status := _status_of_word(client_error[1])):
        return status
    numbers = (refusal_fields.get("code"), refusal_fields.get("status"))
    reported = (values.as_whole_number(number) or 0 for number in numbers)
    return next(filter(is_failing_status, reported), 0)


def _status_of_names(refusal_fields: Mapping[str, str]) -> int:
    """Return the status that a code or a type names; 0 for none."""
    words = (refusal_fields.get(name, "") for name in ("code", "type"))
    return next(filter(None, map(_status_of_word, words)), 0)


def _status_of_word(word: str) -> int:
    """Return the status that a word names; 0 for none."""
    bare = re.sub(r"[^a-z]|(error|exception)$", "", word.lower())
    return _STATUS_OF_WORD.get(bare, 0)


def names_limit(code: str) -> bool:
    """Whether a code is another server's word for a limit or a quota."""
    return bool(_LIMIT.names.search(code) or _QUOTA.names.search(code))
