"""The one table of service errors: code -> error class, texts in both languages, and whether to try
again.

Sources: the error tables of AI Studio (https://ai.baidu.com/ai-doc/AISTUDIO/rm344erns), Qianfan V2
(https://cloud.baidu.com/doc/qianfan-api/s/Om9b4yj3w) and Qianfan V1
(https://ai.baidu.com/ai-doc/WENXINWORKSHOP/tlmyncueh), whose numbers AI Studio's own gateway uses
too; and the codes that all of Baidu's cloud shares (https://cloud.baidu.com/doc/Reference/s/Rjx4d0rxo).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ernie_magic import errors as e
from ernie_magic.api.http_status import BAD_REQUEST, SERVER_ERROR, TOO_MANY_REQUESTS
from ernie_magic.text.language import Text

if TYPE_CHECKING:
    from ernie_magic.errors import ServiceError


@dataclass(frozen=True)
class Case:
    """One error that a service reports.

    Attributes
    ----------
    error : type
        The class raised.
    codes : tuple of str
        The service's codes for it, in lower case.
    what, cause, advice : Text
    statuses : tuple of int
        Only with these HTTP statuses; () for any. A code may have two meanings (`invalid_model`:
        400 and 401).
    retryable : bool
        Whether the same request may succeed later.
    renews : bool
        Whether a temporary token may have expired: it is then renewed once.
    """

    error: type[ServiceError]
    codes: tuple[str, ...]
    what: Text
    cause: Text
    advice: Text
    statuses: tuple[int, ...] = ()
    retryable: bool = False
    renews: bool = False


_KEY_ADVICE = Text(
    "核对密钥是否完整、未过期，且属于这个服务；%ernie doctor 可检查",
    "check that the key is complete, not expired and made for this "
    "service; %ernie doctor checks it",
)
_WRONG_KEY = (
    Text("密钥未通过验证", "the key was not accepted"),
    Text(
        "密钥有误、已失效，或属于别的服务",
        "it is wrong, no longer valid, or belongs to another service",
    ),
    _KEY_ADVICE,
)
WRONG_FIELD = Text("某个字段的名称、类型或取值不对", "a field's name, type or value is wrong")
LACKS_FEATURE = Text(
    "这个模型或服务没有它（图片、工具、思考等），或账号的设置排除了它",
    "the model or the server lacks it (pictures, tools, thinking …), or the account's settings "
    "exclude it",
)
READS_TEXT_ONLY = (
    Text(
        "模型只读文本，或服务启动时没有加载看图的部分",
        "the model reads text only, or the server runs it without its part that sees",
    ),
    Text(
        "换用能看图的模型（%ernie models）；同一对话里之前的图片也会发送，--no-history 不带它们",
        "use a model that sees (%ernie models); pictures of earlier questions are sent too, which "
        "--no-history leaves out",
    ),
)
WRONG_ADDRESS = Text("服务地址（base_url）不对", "the base URL is wrong")
_SLOWER = Text("稍等一分钟再试，或降低调用频率", "wait a minute and try again, or call less often")
_LATER = Text(
    "稍后再试；若反复出现，请将请求编号提供给服务方",
    "try again later; if it persists, give the request id to the service",
)
_SERVER_FAILED = (
    Text("服务内部出错", "the service failed"),
    Text("服务方的临时故障", "a temporary fault on its side"),
    _LATER,
)
_REPHRASE = Text("换一种说法再试", "rephrase it")
_REVIEW = Text("内容审核认为它不安全", "content review finds it unsafe")
_QUICK = Text(
    "调用得太快，或同一账号还有别的程序在用",
    "calls came too fast, or another program uses the account",
)
_BUSY = Text("服务方的资源紧张", "the service is short of resources")
LIST_MODELS = Text("%ernie models 列出可用的模型", "%ernie models lists what the service offers")

# Our names for what other makes of servers say in words only (`meanings`).
UNSUPPORTED_FEATURE = "unsupported_feature"
NO_PICTURES = "no_pictures"
TOO_MANY_PICTURES = "too_many_pictures"
TOOLS_LEFT_OUT = "tools_left_out"
UNSUPPORTED_REGION = "unsupported_region"
BLOCKED_ACCOUNT = "account_blocked"
TLS_REQUIRED = "tls_required"
CLIENT_CERTIFICATE = "client_certificate"
MISSING_SCOPE = "missing_scope"
ADDRESS_NOT_ALLOWED = "address_not_allowed"
UNKNOWN_OBJECT = "unknown_object"
REVIEWED_CONTENT = "content_filter"
# Codes which say that the path of a call is there, and its model is not.
NO_SUCH_MODEL = frozenset({"no_such_model", "invalid_model", "model_not_found"})
# Errors that no other way of writing the same request mends.
ABOUT_THE_ACCOUNT = (e.AuthenticationFailed, e.QuotaExhausted, e.RateLimited, e.UnsafeRequest)
NOT_IN_SCOPE = Text(
    "密钥的权限范围（scope）不包括它", "the key's permissions (scopes) do not include it"
)
REQUIRES_CERTIFICATE = (
    Text(
        "服务要求客户端证书（双向 TLS），这里不支持",
        "the server requires a certificate of the client (mutual TLS), which is not supported here",
    ),
    Text(
        "换用不要求证书的地址；或在本机用 stunnel、nginx 等带上证书转发，把 base_url 指向它",
        "use an address that requires none, or run a local proxy that presents it (stunnel, nginx) "
        "and name that in base_url",
    ),
)
_SIGNATURE = Text("签名未通过验证", "the signature was not accepted")

CASES: tuple[Case, ...] = (
    # 400
    Case(
        e.BadRequest,
        (
            "malformed_json",
            "invalid_argument",
            "336001",
            "336002",
            "336003",
            "inappropriatejson",
            "malformedjson",
            "invalidparameter",
            "4224002",  # a plugin's, as the next one
            "4224004",
        ),
        Text("服务认为请求不合法", "the service finds the request malformed"),
        WRONG_FIELD,
        Text(
            "检查选项，尤其是 --param 给出的字段",
            "check the options, especially fields given with --param",
        ),
    ),
    Case(
        e.ModelNotFound,
        ("invalid_model",),
        Text("这个模型名不能用在这里", "the model name cannot be used here"),
        Text("模型名为空，或不属于这类调用", "it is empty, or belongs to another kind of call"),
        LIST_MODELS,
        statuses=(400, 404),
    ),
    Case(
        e.MessagesRefused,
        ("invalid_messages", "336006"),
        Text("服务不接受这些消息", "the service refuses these messages"),
        Text("内容为空或角色顺序不对", "empty content, or roles in the wrong order"),
        Text(
            "%ernie history 查看历史，%ernie reset 清空",
            "see %ernie history; %ernie reset clears it",
        ),
    ),
    Case(
        e.InputTooLong,
        (
            "characters_too_long",
            "tokens_too_long",
            "context_length_exceeded",
            "336007",
            "336103",
        ),
        Text("输入太长", "the input is too long"),
        Text(
            "提示词、历史和工具结果加起来超过了模型的上限",
            "prompt, history and tools' results together exceed the model's limit",
        ),
        Text(
            "缩短提示词或工具的结果；带着历史时用 --no-history 或 %ernie reset",
            "shorten the prompt or the tools' results; with a history use --no-history or %ernie "
            "reset",
        ),
    ),
    Case(
        e.BadRequest,
        ("invalid_user_id",),
        Text("--user 不能为空", "--user must not be empty"),
        Text("给了空的用户标识", "an empty id was given"),
        Text("去掉它，或写上标识", "leave it out, or write an id"),
    ),
    Case(
        e.BadRequest,
        ("invalid_image_url", "invalid_plugin_argument"),
        Text("图片地址或插件参数无效", "a picture's address or a plugin's argument is invalid"),
        Text(
            "地址打不开、图片过大，或参数写错",
            "the address cannot be opened, the picture is too large, or the argument is wrong",
        ),
        Text(
            "检查地址；图片边长应小于 6000 像素",
            "check the address; a picture's sides must be below 6,000 pixels",
        ),
    ),
    Case(
        e.UnsafeRequest,
        (
            "invalid_image_generation_prompt",
            "invalid_image_genration_prompt",
            "invalid_image_generation_refer_image",
            "invalid_image_genration_refer_image",
            "image_url_unsafe",
        ),
        Text("图片请求未通过内容审核", "the picture request did not pass content review"),
        _REVIEW,
        _REPHRASE,
    ),
    # 401
    Case(
        e.PermissionDenied,
        ("no_parameter_permission", "336004"),
        Text("账号无权使用这个参数", "this account may not use that parameter"),
        Text("模型或套餐不支持它", "the model or plan does not support it"),
        Text("去掉该选项", "leave the option out"),
    ),
    Case(
        e.PermissionDenied,
        ("6",),
        Text("此应用无权使用这个服务", "this application may not use the service"),
        Text(
            "服务未开通，或未授权给这个应用",
            "the service is not enabled, or not granted to this application",
        ),
        Text("到服务的控制台开通或授权", "enable or grant it in the service's console"),
    ),
    Case(
        e.PermissionDenied,
        ("accessdenied", "optinrequired", "4224003"),
        Text("账号无权做这个操作", "this account may not do that"),
        Text(
            "没有开通或授权，或资源属于别的账号",
            "it is not enabled or granted, or the resource is another account's",
        ),
        Text("到千帆控制台开通或授权", "enable or grant it in Qianfan's console"),
    ),
    Case(
        e.PermissionDenied,
        ("invalid_model",),
        Text("密钥有效，但无权使用这个模型", "the key is valid, but not for this model"),
        Text("模型未对此账号开通", "the model is not enabled for this account"),
        LIST_MODELS,
        statuses=(200, 401, 403),
    ),
    Case(
        e.PermissionDenied,
        ("invalid_appid",),
        Text("无权使用这个 appid", "no permission to use this appid"),
        Text("它不属于这个账号", "it does not belong to this account"),
        Text("检查或去掉 appid", "check the appid or leave it out"),
    ),
    Case(
        e.AuthenticationFailed,
        ("invalid_iam_token", "invalid_api_key", "40401"),
        *_WRONG_KEY,
        renews=True,
    ),
    Case(
        e.AuthenticationFailed,
        ("13", "100", "110"),
        Text("访问令牌（access_token）无效", "the access token is not valid"),
        Text("已失效，或不是这个服务的", "it is no longer valid, or belongs to another service"),
        _KEY_ADVICE,
        renews=True,
    ),
    Case(
        e.AuthenticationFailed,
        ("111",),
        Text("访问令牌（access_token）已过期", "the access token has expired"),
        Text("它只在一段时间内有效", "it is valid for a limited time only"),
        _KEY_ADVICE,
        renews=True,
    ),
    Case(
        e.AuthenticationFailed,
        ("invalidaccesskeyid",),
        Text("服务不认识这个 Access Key", "the service does not know this access key"),
        Text("写错了，或已被删除", "it is wrong, or was deleted"),
        Text(
            "核对 QIANFAN_ACCESS_KEY（在百度智能云控制台的“安全认证”）",
            'check QIANFAN_ACCESS_KEY ("Security Authentication" in Baidu AI Cloud\'s console)',
        ),
    ),
    Case(
        e.AuthenticationFailed,
        ("signaturedoesnotmatch",),
        _SIGNATURE,
        Text(
            "Secret Key 有误，或不属于这个 Access Key",
            "the secret key is wrong, or belongs to another access key",
        ),
        Text("核对 QIANFAN_SECRET_KEY", "check QIANFAN_SECRET_KEY"),
    ),
    Case(
        e.AuthenticationFailed,
        ("requestexpired",),
        _SIGNATURE,
        Text(
            "本机时钟不准，签名在服务看来已过期",
            "this machine's clock is wrong, so that it has expired",
        ),
        Text("校准本机的日期、时间和时区", "set this machine's date, time and time zone right"),
    ),
    Case(
        e.AuthenticationFailed,
        ("14",),
        _SIGNATURE,
        Text(
            "Access Key 或 Secret Key 有误，或本机时钟不准",
            "access key or secret key is wrong, or this machine's clock is",
        ),
        Text(
            "核对 QIANFAN_ACCESS_KEY、QIANFAN_SECRET_KEY 和系统时间",
            "check QIANFAN_ACCESS_KEY, QIANFAN_SECRET_KEY and the clock",
        ),
    ),
    Case(
        e.AuthenticationFailed,
        ("invalidhttpauthheader",),
        Text("服务读不懂这个密钥", "the service cannot read the key"),
        Text(
            "只复制了一部分，或带了引号、转义等多余字符",
            "only a part of it was copied, or quotation marks or escapes came with it",
        ),
        Text(
            "完整复制 API Key（bce-v3/ALTAK-…/…）；用 AK/SK 时核对 QIANFAN_ACCESS_KEY、"
            "QIANFAN_SECRET_KEY",
            "copy all of the API key (bce-v3/ALTAK-…/…); with a pair, check QIANFAN_ACCESS_KEY and "
            "QIANFAN_SECRET_KEY",
        ),
    ),
    Case(
        e.AuthenticationFailed,
        ("invalid_client", "invalid_grant"),
        Text(
            "应用的 API Key 或 Secret Key 未通过验证",
            "the application's API Key or Secret Key was not accepted",
        ),
        Text(
            "写错了，或拿成了 IAM 的 Access Key",
            "one is wrong, or an IAM access key was used instead",
        ),
        Text(
            "QIANFAN_AK/QIANFAN_SK 是应用的密钥，QIANFAN_ACCESS_KEY/QIANFAN_SECRET_KEY 是 IAM 的",
            "QIANFAN_AK/QIANFAN_SK are the application's, QIANFAN_ACCESS_KEY/QIANFAN_SECRET_KEY "
            "are IAM's",
        ),
    ),
    # 403
    Case(
        e.UnsafeRequest,
        ("system_unsafe", "336104"),
        Text("系统提示词（system）未通过内容审核", "the system prompt did not pass content review"),
        _REVIEW,
        _REPHRASE,
    ),
    Case(
        e.UnsafeRequest,
        (
            "user_setting_unsafe",
            "336105",
            # OpenAI's, Azure's and DashScope's words.
            REVIEWED_CONTENT,
            "content_policy_violation",
            "data_inspection_failed",
            "datainspectionfailed",
        ),
        Text("提示词未通过内容审核", "the prompt did not pass content review"),
        _REVIEW,
        _REPHRASE,
    ),
    Case(
        e.UnsafeRequest,
        ("functions_unsafe",),
        Text("函数定义未通过内容审核", "the functions did not pass content review"),
        _REVIEW,
        _REPHRASE,
    ),
    # 404, 405
    Case(
        e.ModelNotFound,
        ("no_such_model", "model_not_found"),
        Text("服务没有这个模型", "the service has no such model"),
        Text("名称拼错，或已下线", "it is misspelled or was retired"),
        LIST_MODELS,
    ),
    Case(
        e.BadRequest,
        (UNSUPPORTED_FEATURE,),
        Text("服务不支持所要求的功能", "the service does not support what was asked for"),
        LACKS_FEATURE,
        Text(
            "去掉这个选项，或换用别的模型（%ernie models）",
            "leave that option out, or use another model (%ernie models)",
        ),
    ),
    Case(
        e.BadRequest,
        (NO_PICTURES,),
        Text("这个模型看不了图片", "the model does not see pictures"),
        *READS_TEXT_ONLY,
    ),
    Case(
        e.BadRequest,
        (TOO_MANY_PICTURES,),
        Text("一次请求里的图片太多", "too many pictures in one request"),
        Text(
            "服务限制张数；同一对话里之前的图片也算在内",
            "the service limits their number, and those of earlier questions count",
        ),
        Text(
            "少发几张；--no-history 或 %ernie reset 不带之前的",
            "send fewer; --no-history or %ernie reset leaves the earlier ones out",
        ),
    ),
    Case(
        e.BadRequest,
        (TOOLS_LEFT_OUT,),
        Text(
            "对话里用过工具，这次却没有给出工具",
            "the conversation has used tools, and this call names none",
        ),
        Text(
            "这个服务要求每次都给出它们（Bedrock、Anthropic）",
            "the service requires them in each call (Bedrock, Anthropic)",
        ),
        Text(
            "再写上同样的 --tools；或用 --no-history、%ernie reset",
            "name the same --tools again, or use --no-history or %ernie reset",
        ),
    ),
    Case(
        e.BadRequest,
        # Groq's (https://console.groq.com/docs/tool-use).
        ("tool_use_failed", "json_validate_failed", "output_parse_failed"),
        Text("模型写的工具调用或 JSON 读不出来", "the model wrote no valid tool call or JSON"),
        Text("这个模型不擅长，或碰巧写错", "the model is bad at it, or made a mistake this once"),
        Text(
            "再问一次，把 temperature 调低，或换用别的模型",
            "ask again, lower the temperature, or use another model",
        ),
    ),
    Case(
        e.PermissionDenied,
        (BLOCKED_ACCOUNT, "account_deactivated"),
        Text("账号已被停用", "the account is blocked"),
        Text(
            "服务方锁定、停用或冻结了它",
            "the service has locked, suspended or deactivated it",
        ),
        Text(
            "到服务的控制台查看原因，或联系服务方",
            "see why in the service's console, or ask its support",
        ),
    ),
    Case(
        e.PermissionDenied,
        (ADDRESS_NOT_ALLOWED, "ip_not_authorized"),
        Text("服务不接受这个网络地址（IP）", "the service does not accept this network address"),
        Text("密钥或账号只允许某些 IP", "the key or the account is limited to other IP addresses"),
        Text(
            "在服务的控制台加上它，或换一个网络",
            "add it in the service's console, or use another network",
        ),
    ),
    Case(
        e.BadRequest,
        (UNKNOWN_OBJECT,),
        Text("服务没有请求里所指的对象", "the service does not have what the request names"),
        Text("编号写错，或它已被删除", "an id is wrong, or it was deleted"),
        Text("核对请求里的编号", "check the ids in the request"),
    ),
    Case(
        e.BadRequest,
        (TLS_REQUIRED,),
        Text("这个端口只接受 https", "this port takes https only"),
        Text("服务地址（base_url）以 http:// 开头", "the base URL begins with http://"),
        Text(
            "用 %ernie config base_url 改成 https://…",
            "write https://… with %ernie config base_url",
        ),
    ),
    Case(
        e.PermissionDenied,
        (MISSING_SCOPE,),
        Text("密钥没有这个操作的权限", "the key is valid, but not for this call"),
        NOT_IN_SCOPE,
        Text(
            "到服务的控制台给密钥加上权限，或换一个密钥",
            "add the permission to the key in the service's console, or use another key",
        ),
    ),
    Case(
        e.PermissionDenied,
        (CLIENT_CERTIFICATE,),
        Text("服务拒绝了没有证书的请求", "the service refused a request without a certificate"),
        *REQUIRES_CERTIFICATE,
    ),
    Case(
        e.PermissionDenied,
        (UNSUPPORTED_REGION,),
        Text("服务不在这个地区提供", "the service is not offered in this region"),
        Text("它按网络出口判断地区", "it tells the region by the network address"),
        Text("换用这里提供的服务", "use a service that is offered here"),
    ),
    Case(
        e.BadRequest,
        ("method_not_supported", "336101"),
        Text("服务不接受这种请求方法", "the service does not accept this method"),
        WRONG_ADDRESS,
        Text("检查 %ernie config base_url", "check %ernie config base_url"),
    ),
    # 429
    Case(
        e.RateLimited,
        ("taskrunningnumberexceedlimit",),
        Text("正在运行的任务太多", "too many tasks are running"),
        Text("服务限制同时运行的任务数", "the service limits how many run at a time"),
        Text("等一个结束，或停止一个，再试", "wait until one ends, or stop one"),
    ),
    Case(
        e.RateLimited,
        ("rpm_rate_limit_exceeded", "336501", "336503", "336504", "336505", "40410"),
        Text("每分钟请求数超限", "too many requests a minute"),
        _QUICK,
        _SLOWER,
        retryable=True,
    ),
    Case(
        e.RateLimited,
        ("tpm_rate_limit_exceeded", "336502"),
        Text("每分钟 token 数超限", "too many tokens a minute"),
        _QUICK,
        _SLOWER,
        retryable=True,
    ),
    Case(
        e.RateLimited,
        ("preemptible_rate_limit_exceeded",),
        Text("抢占式资源超限", "the preemptible resource's limit is reached"),
        _QUICK,
        _SLOWER,
        retryable=True,
    ),
    Case(
        e.RateLimited,
        ("user_rate_limit_exceeded", "18"),
        Text("此应用的每秒请求数超限", "too many requests a second for this app"),
        _QUICK,
        _SLOWER,
        retryable=True,
    ),
    Case(
        e.RateLimited,
        ("cluster_rate_limit_exceeded", "4"),
        Text("服务集群繁忙，请求数超限", "the service's cluster is at its limit"),
        _BUSY,
        _SLOWER,
        retryable=True,
    ),
    # 5xx
    Case(
        e.ServerError,
        ("internal_error", "dispatch_internal_error", "1", "15", "336000", "500000"),
        *_SERVER_FAILED,
        retryable=True,
    ),
    Case(
        e.ServerError,
        ("2", "336100"),
        Text("服务繁忙", "the service is overloaded"),
        Text("请求太多", "too many requests at once"),
        _LATER,
        retryable=True,
    ),
    # Other numbers of V1.
    Case(
        e.ModelNotFound,
        ("3", "336005"),
        Text("服务没有这个模型的接口", "the service has no endpoint for this model"),
        Text(
            "模型名或自己部署的服务名（endpoint）写错，或已下线",
            "the model's or the deployed service's name is wrong, or it was retired",
        ),
        LIST_MODELS,
    ),
    Case(
        e.QuotaExhausted,
        ("17", "19"),
        Text(
            "账户的额度已用完，或未开通付费",
            "the account's quota is used up, or billing is not enabled",
        ),
        Text(
            "免费额度按天或按总量计算，欠费也会停用",
            "free quota is counted per day or in total; unpaid bills end it too",
        ),
        Text(
            "到服务的控制台开通或充值，或明天再试",
            "enable billing or pay in the service's console, or try again tomorrow",
        ),
    ),
    # Any status without a code of its own.
    Case(
        e.BadRequest,
        (),
        Text("服务拒绝了请求", "the service refused the request"),
        WRONG_FIELD,
        Text("检查选项和 --param", "check the options and --param"),
        statuses=(400, 422),
    ),
    Case(
        e.AuthenticationFailed,
        (),
        *_WRONG_KEY,
        statuses=(401,),
    ),
    Case(
        e.QuotaExhausted,
        (),
        Text("账户余额或免费额度已用完", "the account has no tokens left"),
        Text("已全部用完，或有欠费", "it is used up, or bills are unpaid"),
        Text(
            "到服务的控制台购买或换用别的服务",
            "buy tokens in the service's console or use another service",
        ),
        statuses=(402,),
    ),
    Case(
        e.PermissionDenied,
        (),
        Text("服务拒绝访问", "the service denies access"),
        Text(
            "账号没有这个权限，或网络、文字被拦截",
            "the account has no such permission, or the network or the text is blocked",
        ),
        _KEY_ADVICE,
        statuses=(403,),
    ),
    Case(
        e.BadRequest,
        (),
        Text("服务地址下没有这个接口", "there is no such endpoint at this address"),
        WRONG_ADDRESS,
        Text(
            "检查 %ernie config base_url；%ernie doctor 可测试",
            "check %ernie config base_url; %ernie doctor tests it",
        ),
        statuses=(404, 405),
    ),
    Case(
        e.BadRequest,
        (),
        Text("服务不再提供它", "the service no longer offers this"),
        Text("模型或接口已下线", "the model or the endpoint was retired"),
        LIST_MODELS,
        statuses=(410,),
    ),
    Case(
        e.PermissionDenied,
        (),
        Text("服务因法律原因拒绝", "the service refuses for legal reasons"),
        Text(
            "它不在这个地区提供，或内容未通过审核",
            "it is not offered in this region, or the content did not pass review",
        ),
        Text("换一种说法，或换用别的服务", "rephrase it, or use another service"),
        statuses=(451,),
    ),
    Case(
        e.BadRequest,
        (),
        Text("服务不支持这个请求", "the service does not support this request"),
        Text("它没有这个功能或接口", "it lacks this feature or endpoint"),
        Text(
            "去掉不常用的选项，或换用别的服务", "leave unusual options out, or use another service"
        ),
        statuses=(501, 505),
    ),
    Case(
        e.ServerError,
        (),
        Text("服务没有等到或没能处理这个请求", "the service did not get to this request"),
        Text("它太忙，或网络太慢", "it is busy, or the network is slow"),
        _LATER,
        statuses=(408, 409, 425),
        retryable=True,
    ),
    Case(
        e.InputTooLong,
        (),
        Text("请求太大，服务或网关不收", "the request is too large for the service or a gateway"),
        Text("文字太长，或图片太大", "too long a text, or too large pictures"),
        Text("减少内容，或缩小图片", "send less, or smaller pictures"),
        statuses=(413,),
    ),
    Case(
        e.RateLimited,
        (),
        Text("请求太频繁", "too many requests"),
        _QUICK,
        _SLOWER,
        statuses=(429,),
        retryable=True,
    ),
    Case(
        e.ServerError,
        (),
        *_SERVER_FAILED,
        statuses=(500, 502, 503, 504, 529),
        retryable=True,
    ),
)

# A limit that a service counts by the day, whatever its code: none of the tables above has one.
DAILY = Case(
    e.RateLimited,
    (),
    Text("今天的调用次数或 token 数已用完", "today's requests or tokens are used up"),
    Text("服务对这个账号或模型按天限量", "the service limits this account or model by the day"),
    Text(
        "明天再试，或换用别的模型（%ernie models），或在服务的控制台提高限额",
        "try again tomorrow, use another model (%ernie models), or raise the limit in the "
        "service's console",
    ),
)
# The same of a week, a month or some hours ("5-hour limit reached").
LONGER = Case(
    e.RateLimited,
    (),
    Text("一段时间内允许的用量已用完", "what is allowed within a longer time is used up"),
    Text(
        "服务按小时、周或月限制这个账号或模型的用量",
        "the service limits this account or model by hours, weeks or months",
    ),
    Text(
        "等它恢复，或换用别的模型（%ernie models），或在服务的控制台提高限额",
        "wait until it is renewed, use another model (%ernie models), or raise the limit in the "
        "service's console",
    ),
)
# What content review refuses where a service says that it is not the prompt, or not which it is.
UNSAFE_ANSWER = Case(
    e.UnsafeRequest,
    (),
    Text("模型生成的内容未通过内容审核", "what the model generated did not pass content review"),
    _REVIEW,
    Text("再试一次，或换一种说法", "try again, or rephrase the prompt"),
)
UNSAFE_PROMPT_OR_ANSWER = Case(
    e.UnsafeRequest,
    (),
    Text(
        "提示词或模型生成的内容未通过内容审核",
        "the prompt, or what the model generated, did not pass content review",
    ),
    _REVIEW,
    _REPHRASE,
)
# A refusal in the name of no service: services write theirs as JSON.
BLOCKED_ON_THE_WAY = Case(
    e.PermissionDenied,
    (),
    Text(
        "服务前面的防火墙或网关拒绝了请求",
        "a firewall or gateway in front of the service refused the request",
    ),
    Text(
        "它拦截了这个网络、程序或文字里的内容（SQL、代码、命令等），或服务地址（base_url）不对；"
        "未必与密钥有关",
        "it blocks this network, this kind of program or something in the text (SQL, code, a "
        "command), or the base URL is wrong; the key may be good",
    ),
    Text(
        "换一段文字或一个网络再试，检查 %ernie config base_url，或请服务方放行",
        "try another text or network, check %ernie config base_url, or ask the service to let it "
        "through",
    ),
)
_UNKNOWN = Case(
    e.ServiceError,
    (),
    Text("服务返回了错误", "the service returned an error"),
    Text("文档里没有这个错误", "this error is not documented"),
    _LATER,
)


def is_known_code(code: str) -> bool:
    """Whether a code is in the table."""
    return any(code.lower() in case.codes for case in CASES)


def case_for(status: int, code: str) -> Case:
    """Return the table's row for a status and a code: looked up by the code with this status, the
    code, the status, the status's class. 429 means the same with any code.
    """
    code = code.lower()
    for case in CASES:
        fits = not case.statuses or status in case.statuses
        if (
            code
            and code in case.codes
            and fits
            and (status != TOO_MANY_REQUESTS or case.error is e.RateLimited)
        ):
            return case
    for case in CASES:
        if not case.codes and status in case.statuses:
            return case
    if status >= SERVER_ERROR:
        return case_for(SERVER_ERROR, "")
    return _UNKNOWN


def is_unexplained_status(status: int) -> bool:
    """Whether a status of a refusal says nothing that the table knows: its words tell what is meant
    (Fireworks' 412 is a bill that was not paid).
    """
    is_explained = any(not case.codes and status in case.statuses for case in CASES)
    return BAD_REQUEST <= status < 500 and not is_explained  # noqa: PLR2004


def is_failing_status(number: int) -> bool:
    """Whether a number is an HTTP status of a failure (RFC 9110, section 15)."""
    return BAD_REQUEST <= number < 600  # noqa: PLR2004
