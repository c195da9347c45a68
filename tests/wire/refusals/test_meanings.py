"""What other makes of servers say in words of their own is told as what it is."""

import json
import time

import pytest

from ernie_magic import errors
from tests.wire.test_failures import said

BAD = errors.BadRequest
KEY = errors.AuthenticationFailed
MONEY = errors.QuotaExhausted
NO_MODEL = errors.ModelNotFound
LONG = errors.InputTooLong
UNSAFE = errors.UnsafeRequest
DENIED = errors.PermissionDenied
LIMIT = errors.RateLimited
FAILED = errors.ServerError


def refusal(message, code=None, kind=None):
    return {"error": {"message": message, "code": code, "type": kind}}


# Status, sentence, code, type; from the error tables that `meanings` names, and from issues.
SAID = [
    # With 403: SiliconFlow, gateways, Google's
    (403, "RPM limit exceeded. Please complete identity verification to lift it.", None, None, LIMIT),
    (403, "TPM limit reached", None, None, LIMIT),
    (403, "API rate limit exceeded for 1.2.3.4", None, None, LIMIT),
    (403, "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute'", None, None, LIMIT),
    (403, "The rate limit of your plan does not include this model", None, None, DENIED),
    # Zhipu
    (400, "系统检测到输入或生成内容可能包含不安全或敏感内容", "1301", None, UNSAFE),
    (400, "Prompt 超长", "1261", None, LONG),
    (400, "模型不存在，请检查模型代码。", "1211", None, NO_MODEL),
    (400, "API 调用参数有误，请检查文档。", "1210", None, BAD),
    (429, "您的账户已欠费，请充值后重试", "1113", None, MONEY),
    (429, "您当前使用该 API 的并发数过高，请降低并发，或联系客服增加限额", "1302", None, LIMIT),
    (403, "当前订阅套餐暂未开放glm-5权限", "1311", None, DENIED),
    (429, "您的 GLM Coding Plan 套餐已到期，暂无法使用", "1309", None, MONEY),
    # Qianfan V2, Moonshot, DeepSeek, MiniMax, StepFun, SiliconFlow
    (400, "sensitive", "bad_content", "content_security", UNSAFE),
    (400, "Invalid request: Your request exceeded model token limit: 8192", None, "invalid_request_error", LONG),
    (400, "The request was rejected because it was considered high risk", None, "content_filter", UNSAFE),
    (429, "Your account has insufficient balance", None, "exceeded_current_quota_error", MONEY),
    (400, "Content Exists Risk", "invalid_request_error", "invalid_request_error", UNSAFE),
    (402, "Insufficient Balance", "invalid_request_error", "unknown_error", MONEY),
    (422, "input new_sensitive", None, "bad_request_error", UNSAFE),
    (451, "The content you provided or machine outputted is blocked.", None, "censorship_blocked", UNSAFE),
    (451, "region", None, None, DENIED),
    (400, "Model does not exist. Please check it carefully.", 20012, None, NO_MODEL),
    # DashScope, Volcengine, Tencent
    (400, "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]", "invalid_parameter_error", None, LONG),
    (400, "Range of max_tokens should be [1, 8192]", "invalid_parameter_error", None, BAD),
    (400, "Output data may contain inappropriate content.", "data_inspection_failed", None, UNSAFE),
    (400, "Access denied, please make sure your account is in good standing.", "Arrearage", "Arrearage", MONEY),
    (403, "The free tier of the model has been exhausted.", "AllocationQuota.FreeTierOnly", None, MONEY),
    (429, "Requests rate limit exceeded", "Throttling.RateQuota", None, LIMIT),
    (429, "Allocated quota exceeded, please increase your quota limit.", "Throttling.AllocationQuota", None, LIMIT),
    (403, "The request failed because your account has an overdue balance.", "AccountOverdueError", "Forbidden", MONEY),
    (404, "The model or endpoint x does not exist or you do not have access to it.", "InvalidEndpointOrModel.NotFound", "NotFound", NO_MODEL),
    (404, "Your account 21 has not activated the model doubao. Please activate the model service", "ModelNotOpen", "NotFound", DENIED),
    (400, "The request could not be processed", "InputTextRiskDetection", "BadRequest", UNSAFE),
    (400, "the input text may contain sensitive information", "InputTextSensitiveContentDetected", "BadRequest", UNSAFE),
    (429, "The request has exceeded the quota", "ModelAccountTpmRateLimitExceeded", "TooManyRequests", LIMIT),
    (200, "资源包已耗尽", "ResourceInsufficient.ChargeResourceExhaust", None, MONEY),
    (200, "图片违规", "OperationDenied.ImageIllegalDetected", None, UNSAFE),
    # Azure, OpenAI, Google, Anthropic, xAI, Cohere, Groq, Mistral
    (404, "The API deployment for this resource does not exist.", "DeploymentNotFound", None, NO_MODEL),
    (404, "Resource not found", "404", None, BAD),
    (400, "The response was filtered due to the prompt", "content_filter", None, UNSAFE),
    (400, "Your request was rejected as a result of our safety system.", "moderation_blocked", "image_generation_user_error", UNSAFE),
    (403, "Country, region, or territory not supported", "unsupported_country_region_territory", "request_forbidden", DENIED),
    (400, "User location is not supported for the API use.", "400", None, DENIED),
    (400, "API key not valid. Please pass a valid API key.", "400", None, KEY),
    (400, "API key expired. Please renew the API key.", "400", None, KEY),
    (400, "The input token count (40000) exceeds the maximum number of tokens allowed (32768).", "400", None, LONG),
    (400, "Your credit balance is too low to access the Anthropic API.", None, "invalid_request_error", MONEY),
    (400, "prompt is too long: 210000 tokens > 200000 maximum", None, "invalid_request_error", LONG),
    (403, "Your team has used all available credits or reached its monthly spending limit.", "x", None, MONEY),
    (400, "The model `mixtral-8x7b` has been decommissioned and is no longer supported.", "model_decommissioned", None, NO_MODEL),
    (429, "Service tier capacity exceeded for this model.", "3505", None, LIMIT),
    (400, "Image content is not supported by this model", None, None, BAD),
    # OpenRouter, Together, Fireworks, Hugging Face, NVIDIA, Cloudflare
    (403, "Your chosen model requires moderation and your input was flagged", 403, None, UNSAFE),
    (403, 'm requires moderation on OpenAI. Your input was flagged for "violence". No credits were charged.', 403, None, UNSAFE),
    (403, "Input flagged by moderation", 403, None, UNSAFE),
    (403, "Content violates usage guidelines. ", "permission-denied", None, UNSAFE),
    (403, "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO", "The caller does not have permission to execute the specified operation", None, UNSAFE),
    (403, "The caller does not have permission", "The caller does not have permission to execute the specified operation", None, DENIED),
    (403, "NSFW content detected in the prompt", None, None, UNSAFE),
    (400, "This request violates our Terms of Service", None, None, UNSAFE),
    (403, "Violation of the acceptable use policy", None, None, UNSAFE),
    (403, "文本包含违禁词", None, None, UNSAFE),
    (403, "Your account was suspended for violating our terms of service", None, None, DENIED),
    (400, "'max_tokens' or 'max_completion_tokens' is too large: 200. This model's maximum context length is 1000 tokens and your request has 900 input tokens (200 > 1000 - 900).", 400, "BadRequestError", LONG),
    (400, "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is 1000 tokens and your request has 20 input tokens (2000 > 1000 - 20).", 400, "BadRequestError", BAD),
    (400, "the max input characters is 4800", None, None, LONG),
    (404, "No endpoints found that support tool use.", 404, None, BAD),
    (404, "No endpoints found for foo/bar.", 404, None, NO_MODEL),
    (400, "foo is not a valid model ID", 400, None, NO_MODEL),
    (402, "This request requires more credits, or fewer max_tokens.", 402, None, MONEY),
    (402, "You have exceeded your monthly included credits for Inference Providers.", None, None, MONEY),
    (403, "The account is not allowed to access this model", 5018, None, DENIED),
    (400, "No such model @cf/foo or task", 5007, None, NO_MODEL),
    (410, "The model x has been retired", None, None, NO_MODEL),
    (410, "gone", None, None, BAD),
    # LiteLLM, One API, new-api
    (400, "Budget has been exceeded! Current cost: 26.075, Max budget: 0.25", "400", "auth_error", MONEY),
    (429, "ExceededBudget: User=x over budget. Spend: 5.0, Budget: 5.0", None, "budget_exceeded", MONEY),
    (429, "LiteLLM User: engineer-1, exceeded budget for model=m", "429", "budget_exceeded", MONEY),
    (400, "Authentication Error - Expired Key. Key Expiry time 2024-01-01", "400", "expired_key", KEY),
    (400, "/chat/completions: Invalid model name passed in model=foo. Call `/v1/models`", "400", None, NO_MODEL),
    (401, "key not allowed to access model. This key can only access models=['a']", "401", "key_model_access_denied", DENIED),
    (429, "No deployments available for selected model, Try again in 5 seconds.", "429", None, LIMIT),
    (403, "This token has no access to model gpt-4", "", "new_api_error", DENIED),
    (403, "该令牌无权访问模型 gpt-4", "", "new_api_error", DENIED),
    (403, "用户额度不足, 剩余额度: $0.00", "insufficient_user_quota", "new_api_error", MONEY),
    (503, "当前分组 default 下对于模型 m 无可用渠道", "model_not_found", "new_api_error", NO_MODEL),
    (401, "无效的令牌", "", "new_api_error", KEY),
    # As public reports quote them (a report's address stands beside what is not in a vendor's table).
    (400, "Model Not Exist", "invalid_request_error", "invalid_request_error", NO_MODEL),  # ConardLi/easy-dataset#9
    (400, "Prompt exceeds max length", "1261", None, LONG),  # zeroclaw-labs/zeroclaw#4124
    (400, "length of prompt_tokens (57535) must be less than max_seq_len (32768).", 20015, None, LONG),  # langgenius/dify#19394
    (400, "Input length 203743 exceeds the maximum length 131072", "InvalidParameter", "BadRequest", LONG),  # langgenius/dify#32221
    (400, "This model's maximum prompt length is 131072 but the request contains 140000 tokens.", None, None, LONG),  # cline/cline#3120
    (404, "This model is only supported in v1/responses and not in v1/chat/completions.", None, "invalid_request_error", BAD),  # pgadmin-org/pgadmin4#9795
    (404, "No endpoints available matching your guardrail restrictions and data policy.", 404, None, BAD),  # truefoundry/models#826
    (403, "Your newly created team doesn't have any credits or licenses yet.", "x", None, MONEY),  # continuedev/continue#12670
    (403, "预扣费额度失败, 用户剩余额度: ＄0.001, 需要预扣费额度: ＄0.01", "", "new_api_error", MONEY),  # clacky-ai/openclacky#100
    (429, "当前订阅套餐暂未开放GLM-5权限", "1311", None, DENIED),  # farion1231/cc-switch#1386
    (429, "You exceeded your current quota, see https://help.aliyun.com/zh/model-studio/error-code#token-limit", "insufficient_quota", "insufficient_quota", LIMIT),
    (429, "You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", "insufficient_quota", MONEY),
    # The same said otherwise: as reported, or by the rule that these rows stand for.
    (500, "input (992 tokens) is too large to process. increase the physical batch size (current batch size: 512)", 500, "server_error", LONG),  # lemonade-sdk/lemonade#3591
    (400, "Illegal param: prefill 744 tokens exceed n_ctx_per_seq, try increasing total context size", 400, "invalid_request_error", LONG),  # gpustack/gpustack#1845
    (413, "Input validation error: `inputs` must have less than 512 tokens. Given: 2818", 413, "Validation", LONG),  # 1Panel-dev/MaxKB#4296
    (400, "input must have less than 512 tokens", 20015, None, LONG),
    (400, "The prompt is 9000 tokens, which is more than the 8192 that this model reads", None, None, LONG),
    (400, "Your request contains 70000 tokens, larger than max_model_len 32768", None, None, LONG),
    (400, "The sequence length (40123) is greater than max_seq_len (32768)", None, None, LONG),
    (400, "messages tokens: 33000 > 32768", None, None, LONG),
    (400, "The text of document 3 should be at most 2048 tokens", None, None, LONG),
    (422, "Prompt has 9000 tokens, but the configured context length is 4096", None, None, LONG),
    (400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000", None, None, LONG),
    (400, "输入 tokens 数 40000 超过模型上限 32768", None, None, LONG),
    (400, "对话长度不能大于 8192", None, None, LONG),
    (400, "Model glm-5 does not exist", None, None, NO_MODEL),
    (400, "The model doesn't exist", None, None, NO_MODEL),
    (404, "All providers have been ignored. To change your default ignored providers, visit the settings", 404, None, BAD),
    (404, "inference prohibited, please enter a payment method", None, None, MONEY),
    (403, "You need positive balance to do inference. Please add balance manually or setup top-up", None, None, MONEY),  # zebbern/no-cost-ai#24
    (403, "not enough balance", 403, None, MONEY),
    (403, "Your team doesn't have enough credits", None, None, MONEY),
    (403, "订阅额度不足或未配置订阅: 1", None, "new_api_error", MONEY),  # QuantumNous/new-api#6306
    (403, "x", "pre_consume_token_quota_failed", "new_api_error", MONEY),
    (429, "Your current subscription plan does not yet include access to GLM-5", "1311", None, DENIED),
    (429, "Gemini 2.5 Pro Preview doesn't have a free quota tier. Please use another", 429, None, DENIED),  # ai-christianson/RA.Aid#182
    (429, "订阅不包含该模型", None, None, DENIED),
    (429, "Rate limit reached. Add a payment method to increase your limits", None, None, LIMIT),
    (429, "Too many requests; upgrade your plan to use the model faster", None, None, LIMIT),
    (429, "请求速率超限，可充值或升级：积分不足的账号较慢", None, None, LIMIT),
    (429, "You exceeded your current quota (https://ai.google.dev/gemini-api/docs/rate-limits) for metric: x, limit: 0, model: gemini-3.1-pro\nPlease retry in 25.4s.", 429, None, MONEY),  # google-gemini/gemini-cli#22486
    (429, "Quota exceeded for metric: x, limit: 20, model: gemini-3.1-pro\nPlease retry in 25.4s.", 429, None, LIMIT),
    (429, "Rate limited; limit: 0 remaining", 429, None, LIMIT),
    (429, "You exceeded your current quota. For details, see: https://help.aliyun.com/document_detail/2400395.html", "insufficient_quota", "insufficient_quota", LIMIT),
    (429, "Allocated quota exceeded, please increase your quota limit.", "insufficient_quota", "insufficient_quota", LIMIT),  # QwenLM/Qwen#2254
    (429, "Free allocated quota exceeded. See https://help.aliyun.com/zh/model-studio/error-code", "insufficient_quota", None, MONEY),
    (400, "This model supports at most 8192 tokens, but your messages have 9000 tokens", None, None, LONG),
    (400, "Please reduce the length of the messages or completion.", None, None, LONG),
    (400, "messages 总长度超限", None, None, LONG),
    (400, "Your account is in arrears", None, None, MONEY),
    (403, "Credit limit reached", None, None, MONEY),
    (403, "Billing is not enabled for this project.", None, None, MONEY),
    (403, "Please top up your account to continue", None, None, MONEY),
    (400, "No model named foo-7b", None, None, NO_MODEL),
    (400, "模型 'foo' 不存在", None, None, NO_MODEL),
    (400, "无效的模型名称", None, None, NO_MODEL),
    (429, "Upgrade your plan to use this model", None, None, DENIED),
    (429, "This model requires a paid plan", None, None, DENIED),
    (429, "您的套餐暂不支持该模型", None, None, DENIED),
    # vLLM, SGLang, llama.cpp, Ollama, LM Studio, TGI
    (400, "m1 is not a multimodal model", 400, "BadRequestError", BAD),
    (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048.", None, "validation", LONG),
    (400, "'max_tokens' is too large: 4096. This model's maximum context length is 2048 tokens", 400, None, BAD),
    (500, "image input is not supported - hint: you may need to provide the mmproj", 500, "server_error", BAD),
    (400, '"llama3" does not support thinking', None, None, BAD),
    (400, "registry.ollama.ai/library/gemma:2b does not support tools", None, None, BAD),
    (400, "The model has crashed without additional information. (Exit code: 1)", None, None, FAILED),
    (503, "Loading model", 503, "unavailable_error", FAILED),
    (501, "not implemented", 501, "not_supported_error", BAD),
    # And what else was found: iFlytek, MiniMax, watsonx, Cohere, Google, Azure's gateway …
    (200, "input content audit failed", 10013, None, UNSAFE),
    (200, "AppIdQpsOverFlowError:(licc failed)", 11202, None, LIMIT),
    (200, "token count exceed limit", 10907, None, LONG),
    (200, "tokens limit exceeded", 1039, None, LONG),
    (200, "rate growth limit", 2045, None, LIMIT),
    (200, "internal service error", 1013, None, FAILED),
    (200, "login fail: Please carry the API secret key", 1004, None, KEY),
    (403, "the monthly token quota was reached", "token_quota_reached", None, MONEY),
    (403, "Out of call volume quota. Quota will be replenished in 05:12:10.", None, None, MONEY),
    (403, "Key limit exceeded (daily limit).", 403, None, MONEY),
    (429, "Your account has reached the set inference limit for the model x", "SetLimitExceeded", None, MONEY),
    (403, "Authorization failed", None, None, KEY),
    (404, "models/foo is not found for API version v1beta", 404, None, NO_MODEL),
    (404, "model: claude-9", None, "not_found_error", NO_MODEL),
    (404, "Not found the model foo or Permission denied", None, "resource_not_found_error", NO_MODEL),
    (400, "Invalid model: foo", "1500", "invalid_model", NO_MODEL),
    (403, "Model disabled.", 30003, None, NO_MODEL),
    (503, "No available channel for model gpt-9 under group default", "", "new_api_error", NO_MODEL),
    (503, "当前分组 default 下对于模型 gpt-9 无可用渠道", None, "one_api_error", NO_MODEL),
    (400, "API glm-3 已下线", "1221", None, NO_MODEL),
    (403, "Access to model denied. Please make sure you are eligible.", "AccessDenied.Unpurchased", None, DENIED),
    (429, "您的账户已被锁定，请联系客服解锁", "1112", None, DENIED),
    (401, "The OpenAI account has been deactivated.", "account_deactivated", None, DENIED),
    (400, "Unable to download the media resource during the data inspection process.", "InvalidParameter.DataInspection", None, BAD),
    (400, "too many tokens: total number of tokens in the prompt cannot exceed 4081", None, None, LONG),
    (401, "Your IP address is not authorized for this API key", "ip_not_authorized", None, DENIED),
    (403, "您的 IP 不在令牌允许访问的列表中", None, "new_api_error", DENIED),
    (403, "You don't have access to the model with the specified model ID.", None, None, DENIED),
    (400, "The provided model identifier is invalid.", None, None, NO_MODEL),
    (404, "This model version has reached the end of its life.", None, None, NO_MODEL),
    (400, "The request was blocked by our guardrail policy", None, None, UNSAFE),
    (500, "litellm.AuthenticationError: OpenAIException - Incorrect API key provided: sk-x", "500", None, KEY),
    (500, "litellm.BadRequestError: OpenAIException - odd", "500", None, BAD),
    (500, "litellm.InternalServerError: Connection error.", "500", None, FAILED),
    (404, "No such File object: file-x", None, None, BAD),
    (404, "model not found: foo", None, None, NO_MODEL),
    (400, "Model not found: foo", None, None, NO_MODEL),
    (429, "Quota exceeded: 60 requests per minute", "quota_exceeded", None, LIMIT),
    (503, "The model is temporarily unavailable", "model_unavailable", None, FAILED),
    (403, "user quota is not enough (request id: 2)", None, "v_api_error", MONEY),
    (429, "The usage limit has been reached", "usage_limit_reached", None, MONEY),
    (500, "litellm.NotFoundError: OpenAIException - The model `m` does not exist", "500", None, NO_MODEL),
    (404, "That model does not exist", None, None, NO_MODEL),
    # One API's children (https://errs.dmxapi.cn/detail.php?id=1784), AIHubMix (https://docs.aihubmix.com/cn/FAQs/HTTP-Codes)
    (401, "[sk-zoj***Vj8] Token amount has been exhausted token.RemainQuota = 0 (request id: x)", "", "rix_api_error", MONEY),
    (401, "[sk-Nt7***Rs9] Token count has been exhausted token.RemainCount = 0", "", "rix_api_error", MONEY),
    (401, "该令牌额度已用尽 TokenStatusExhausted[sk-abc***xyz]", None, "new_api_error", MONEY),
    (401, "该令牌额度已用尽 !token.UnlimitedQuota && token.RemainQuota = -12", None, "one_api_error", MONEY),
    (401, "The quota for this key has been used up", None, None, MONEY),
    (401, "Your credits have been exhausted", None, None, MONEY),
    (401, "Check the quota: all ways to sign in are exhausted", None, None, KEY),
    (401, "该令牌已过期", None, "new_api_error", KEY),
    (401, "该令牌状态不可用", None, "new_api_error", KEY),
    (401, "Token quota exhausted: 60 requests per minute", None, None, KEY),
    (401, "thinking tokens exhausted", None, None, KEY),
    (401, "token.RemainQuota = 0.5 does not matter: incorrect key", None, None, KEY),
    (503, "Incorrect model ID. Please request to view the model page or you do not have permission to use this model", None, "Aihubmix_api_error", NO_MODEL),
    (503, "The model is busy, id 5", None, None, FAILED),
    (503, "Rate limited by provider – contact support to request higher concurrency or try again later.", None, "Aihubmix_api_error", LIMIT),
    (403, "Forbidden – key abc allowed only from approved IP ranges.", None, None, DENIED),
    (403, "Forbidden – key abc not authorized to access the requested model.", None, None, DENIED),
    (404, "This is not a chat model and thus not supported in the v1/chat/completions endpoint.", None, None, BAD),
    # NVIDIA (https://github.com/Alishahryar1/free-claude-code/issues/956), ModelScope, Hugging Face, Databricks, llama-swap, Ray Serve, OpenVINO, CLIProxyAPI
    (404, "Function '12345678-1234-1234-1234-123456789abc': Not found for account 'Qaw0'", None, None, NO_MODEL),
    (404, "Specified function in account 'Qaw0' is not found", None, None, NO_MODEL),
    (400, "Function id '12345678-1234-1234-1234-123456789abc' version id 'x': DEGRADED function cannot be invoked", None, None, NO_MODEL),
    (400, "Model id: Qwen/X , has no provider supported", None, None, NO_MODEL),
    (404, "404 Client Error. (Request ID: Root=1) Repository Not Found for url: https://huggingface.co/api/models/m1/revision/main.", None, None, NO_MODEL),
    (500, "m1 is not a local folder and is not a valid model identifier listed on 'https://huggingface.co/models'", None, None, NO_MODEL),
    (404, "Endpoint with name 'x' does not exist", None, None, NO_MODEL),
    (400, "could not find suitable inference handler for x", None, None, NO_MODEL),
    (404, 'Could not find model with id "x"', None, None, NO_MODEL),
    (404, "Mediapipe graph definition with requested name is not found", None, None, NO_MODEL),
    (400, "unknown provider for model x", None, None, NO_MODEL),
    (400, "Model 'x' is not available", None, None, NO_MODEL),
    (500, "[address=0.0.0.0:44444, pid=1] Model not found in the model list, uid: m1", None, None, NO_MODEL),
    (404, "The requested LoRA adapter x does not exist", None, None, NO_MODEL),
    (400, "The model `x` is not currently available for your account", None, None, DENIED),
    (400, "Function 'weather' not found in tools", None, None, BAD),
    (500, "could not load model - all backends returned error", None, None, FAILED),
    # Keys that are restricted to some calls: OpenAI, GitHub, Hugging Face, Chinese gateways
    (401, "You have insufficient permissions for this operation. Missing scopes: model.request.", None, None, DENIED),
    (403, "Missing scopes: api.model.read", None, None, DENIED),
    (401, "The `models` permission is required to access this endpoint", "no_access", None, DENIED),
    (403, "This authentication method does not have sufficient permissions to call Inference Providers", None, None, DENIED),
    (401, "Token lacks it", "insufficient_scope", None, DENIED),
    (403, "API Key 缺少调用权限", None, None, DENIED),
    (400, "missing scope of the review", None, None, BAD),
    # Statuses that say nothing: Fireworks' 412, others
    (412, "Account xx is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices.", "FAILED_PRECONDITION", "error", MONEY),
    (412, "The account is suspended", None, None, DENIED),
    (406, "Too many concurrent requests", None, None, LIMIT),
    (424, "Insufficient balance", None, None, MONEY),
    (406, "Invalid api key", None, None, KEY),
    (421, "The model 'x' does not exist", None, None, NO_MODEL),
    (417, "content filter: the prompt was flagged", None, None, UNSAFE),
    (412, "Precondition failed", None, None, errors.ServiceError),
    # The name of an exception, before what it says
    (400, "RequestLimitExceeded: at most 3", None, None, LIMIT),
    (400, "ThrottlingException: Rate exceeded", None, None, LIMIT),
    (400, "ContextWindowExceededError: 9000 of 8192", None, None, LONG),
    (400, "OpenAI: a field is missing", None, None, BAD),
]  # fmt: skip


@pytest.mark.parametrize(("status", "message", "code", "kind", "error"), SAID)
def test_what_other_servers_say_is_told_as_what_it_is(status, message, code, kind, error):
    raised = said(status, refusal(message, code, kind))
    assert type(raised) is error, raised
    assert raised.retryable is (error in (LIMIT, FAILED))


FASTGPTS = [
    (514, "unAuthApiKey", "Api Key 不合法", KEY),
    (510, "insufficientQuota", "账号余额不足", MONEY),
    (511, "unAuthModel", "无权操作该模型", DENIED),
    (403, "unAuthorization", "凭证错误", DENIED),
]


@pytest.mark.parametrize("status", [200, 500, 514])
@pytest.mark.parametrize(("code", "name", "message", "error"), FASTGPTS)
def test_fastgpt_s_own_numbers_are_told_as_what_they_are(status, code, name, message, error):
    if status == 514:
        status = code
    if status == 511:  # a network's login page, by RFC 6585
        status = 500
    raised = said(status, {"code": code, "statusText": name, "message": message, "data": None})
    assert (type(raised), raised.retryable) == (error, False)
    assert message in str(raised)


# A prompt that is repeated, an option that is named so, a limit that passes.
NOT_SAID = [
    (400, "messages[0].content must be a list, got: what content policy is", BAD),
    (400, "content: Input should be a list, received: api key expired", BAD),
    (400, "messages[0].content: 'api key expired' is not a list", BAD),
    (400, "invalid value: “内容含敏感信息” for field x", BAD),
    (400, "[{'type': 'string_type', 'loc': ('body', 'x'), 'input': 'no such model'}]", BAD),
    (422, "1 validation error; input_value='prompt is too long', input_type=str", BAD),
    (400, f"unknown field {'y' * 90}: out of credits", BAD),
    (400, "'response_format' of type 'json_schema' needs a name", BAD),
    (400, "max_tokens must be at least 1, budget_tokens below it", BAD),
    (400, "stop: ['sensitive content'] is too many", BAD),
    (400, "temperature is deprecated for this model", BAD),
    (500, "the worker failed on: api key expired", FAILED),
    (502, "blocked", FAILED),
    (429, "Requests to this model exceed 10 per minute, 1000 per week", LIMIT),
    (404, "Not Found", BAD),
    (400, "max_tokens exceeds the model's output length", BAD),
    (400, "'max_tokens' is greater than the context length", BAD),
    (400, "The output length must be less than 8192 tokens", BAD),
    (400, "请求的 max_tokens 超过上限 8192", BAD),
    (400, "input must be longer than 0 tokens", BAD),
    (400, "messages[0].name: length exceeds 64", BAD),
    (400, "temperature must be less than 2, got: prompt exceeds max length", BAD),
    (400, "The model's file is not found", BAD),
    (400, 'invalid content: "the prompt exceeds the max length of tokens"', BAD),
    (400, "invalid content: “does the model not exist”", BAD),
    (400, "model field does not exist", BAD),
    (403, "You don't have permission to see the credits page", DENIED),
    (200, "the model found no such file: it does not exist", errors.ServiceError),
]


@pytest.mark.parametrize(("status", "message", "error"), NOT_SAID)
def test_words_that_may_be_the_request_s_own_are_not_believed(status, message, error):
    raised = said(status, refusal(message))
    assert type(raised) is error, raised


@pytest.mark.parametrize(
    "message",
    [
        "本月额度已用尽",
        "You have hit your weekly limit",
        "You have exceeded the 5-hour usage quota. It will reset at 2026-02-03 17:36:41 +0800 CST.",
        "hour allocated quota exceeded.",
        "coding plan hour quota exceeded",
        "已达到 5 小时的使用上限。您的限额将在 2026-12-01 10:00:00 重置。",
        "您已达到每周/每月使用上限，您的限额将在 2026-12-01 重置",
        "5-hour limit reached ∙ resets 3pm",
        "You are using a Trial key, which is limited to 1000 API calls / month.",
        "Monthly request limit exceeded",
        "Request was rejected due to rate limiting. Details: RPH limit reached.",
        "You have made too many requests in the past 2 hours",
        "Limit of 500 requests within 7 days reached",
        "Limit of 100 requests per hour reached",
        "最近3小时内请求过多",
        "You've hit your limit · resets 8pm (America/New_York)",
        "usage limit exceeded, 5-hour usage limit reached for Token Plan Starter (0/0 used), resets at 2026-05-15T15:00:00Z (2056)",
    ],
)
def test_a_limit_of_hours_weeks_or_months_is_told_as_one_and_not_tried_again(message):
    raised = said(429, refusal(message))
    assert (type(raised), raised.retryable) == (LIMIT, False)
    assert "within a longer time" in raised.line("en")


def test_an_hour_s_limit_that_tells_a_short_wait_is_waited_for():
    message = "Limit of 100 requests per hour reached"
    assert said(429, refusal(message), **{"retry-after": "30"}).retryable
    assert said(429, refusal(f"{message}. Please try again in 20s.")).retryable
    assert not said(429, refusal(message), **{"retry-after": "1800"}).retryable
    assert not said(429, refusal("Monthly limit reached"), **{"retry-after": "1"}).retryable


# iFlytek's table (https://www.xfyun.cn/doc/spark/Web.html), Hunyuan's code 2003, SiliconFlow's
# words (https://github.com/jxq1997216/AITranslator/issues/32): status, reply, whether a day's.
NO_MINUTE_S = [
    (200, {"code": 11201, "message": "AppIdNoAuthError:(日流控超限)", "sid": "x"}, True),
    (200, {"header": {"code": 11202, "message": "秒级流控超限", "sid": "x"}}, False),
    (200, {"code": 11203, "message": "授权错误：并发流控超限", "sid": "x"}, False),
    (200, refusal("请求限频，请稍后重试", "2003"), False),
    (200, {"Response": {"ErrorMsg": {"Msg": "请求限频，请稍后重试", "Code": 2003}}}, False),
    (200, {"code": 11203, "message": "AppIdConcurrentOverLimitError: current:3, max:2"}, False),
    (200, {"code": 11202, "message": "AppIdQpsOverFlowError:(xx tps Over Limit)"}, False),
    (200, {"code": 11201, "message": "AppIdDayFlowOverLimitError: day flow control"}, True),
    (200, {"code": 10007, "message": "用户流量受限：服务正在处理用户当前的问题"}, False),
    (200, {"code": 1, "message": "QpsLimitExceeded"}, False),
    (200, {"code": 1, "message": "ConcurrencyLimitReachedError"}, False),
    (200, {"code": 1, "message": "DailyLimitExceededError: 100/100"}, True),
    (429, {"errors": {"message": "We have to rate limit you for today. Try again later."}}, True),
    (429, {"error": "You have reached your limit of today, come back tomorrow"}, True),
    (429, {"error": "DailyQuotaExceeded"}, True),
    (429, {"message": "rate limiting. Details: RPD limit reached.", "data": None}, True),
    (429, {"message": "rate limiting. Details: TPM limit reached.", "data": None}, False),
]


@pytest.mark.parametrize(("status", "reply", "is_daily"), NO_MINUTE_S, ids=str)
def test_chinese_services_limits_are_told_as_limits_and_a_day_s_as_that(status, reply, is_daily):
    raised = said(status, reply)
    assert (type(raised), raised.retryable) == (LIMIT, not is_daily)
    assert raised.line("en").startswith("today's") is is_daily


EPOCH_IN_8_HOURS = "seconds since 1970"


@pytest.mark.parametrize(
    ("headers", "is_daily"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "8h30m0s"}, True),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": EPOCH_IN_8_HOURS}, True),
        ({"ratelimit": '"day";r=0;t=30000'}, True),
        ({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "8h30m0s"}, False),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, False),
    ],
    ids=str,
)
def test_a_limit_that_headers_call_used_up_for_hours_is_a_day_s(headers, is_daily):
    in_8_hours = str(int(time.time()) + 8 * 3600)  # not in a test's name, which workers compare
    headers = {name: value.replace(EPOCH_IN_8_HOURS, in_8_hours) for name, value in headers.items()}
    raised = said(429, refusal("rate limited"), **headers)
    assert (type(raised), raised.retryable) == (LIMIT, not is_daily)
    short = said(429, refusal("rate limited"), **headers, **{"retry-after": "3"})
    assert short.retryable


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (400, "Model does not exist", NO_MODEL),
        (401, "Api key is invalid", KEY),
        (403, "no balance", MONEY),
        (404, "404 page not found", BAD),
        (429, "quota", LIMIT),
        (503, "System is too busy now. Please try again later.", FAILED),
    ],
)
def test_a_refusal_that_is_a_text_in_json_keeps_its_words(status, text, error):
    raised = said(status, json.dumps(text).encode())
    assert (type(raised), raised.message) == (error, text)


@pytest.mark.parametrize(
    "message",
    [
        "gpt-5-pro is not supported in v1/chat/completions; use v1/responses",
        "This model is only supported in v1/responses and not in v1/chat/completions.",
        "No allowed providers are available for the selected model.",
        "No endpoints available matching your guardrail restrictions and data policy.",
    ],
)
def test_a_good_address_is_not_told_as_a_wrong_one(message):
    assert "base URL" not in said(404, refusal(message)).line("en")


def test_a_sentence_for_an_error_stands_once():
    sentence = "Model unloaded while the prompt was read"  # LM Studio's
    raised = said(400, {"error": sentence})
    assert (raised.code, raised.message) == ("", sentence)
    assert str(raised).count(sentence) == 1


def test_a_line_of_words_in_an_answer_s_place_is_told_as_the_failure_that_it_names():
    raised = said(200, b"Internal Server Error")
    assert (type(raised), raised.message) == (errors.ServiceError, "Internal Server Error")
    assert type(said(200, b"Welcome")) is errors.ProtocolError
    assert type(said(200, b"<p>Internal Server Error</p>")) is errors.ProtocolError


def test_a_network_s_login_page_is_told_as_one():
    raised = said(511, b"<html><title>Campus Wi-Fi</title></html>")
    assert type(raised) is errors.ServiceUnreachable
    assert not raised.retryable
    assert "requires a login (HTTP 511)" in raised.line("en")
    assert "Campus Wi-Fi" in raised.line("zh")


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (403, b"<html><title>Just a moment...</title></html>", {"cf-mitigated": "challenge"}),
        (403, b"error code: 1020", {}),
        (403, b"<html><head><title>403 Forbidden</title></head></html>", {}),
        (403, b"", {}),
        (503, b"<title>Attention Required! | Cloudflare</title>", {}),
        (405, "<html>很抱歉，您的访问被阻断</html>".encode(), {}),
        (406, b"<h1>Not Acceptable!</h1>Your request was blocked by mod_security", {}),
    ],
)
def test_a_firewall_s_refusal_is_not_told_as_the_key_s(status, body, headers):
    raised = said(status, body, **headers)
    assert (type(raised), raised.retryable) == (DENIED, False)
    assert "a firewall or gateway in front of the service" in raised.line("en")


def test_what_a_request_names_and_the_service_lacks_is_no_wrong_address():
    for message in ("No such File object: file-x", "Conversation with id 'x' not found."):
        line = said(404, refusal(message)).line("en")
        assert "base URL" not in line
        assert "does not have what the request names" in line


@pytest.mark.parametrize(
    "body",
    [
        b"<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>",
        b"Client sent an HTTP request to an HTTPS server.\n",
        b"Bad Request\nThis combination of host and port requires TLS.",
    ],
)
def test_http_to_a_port_for_https_is_told(body):
    assert "this port takes https only" in said(400, body).line("en")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"<html><title>400 No required SSL certificate was sent</title></html>"),
        (400, b"<html><title>400 The SSL certificate error</title></html>"),
        (403, b'{"message": "Invalid client certificate"}'),
        (401, b'{"error": {"message": "Client certificate required"}}'),
    ],
)
def test_a_server_that_wants_a_certificate_of_the_client_is_told(status, body):
    line = said(status, body).line("en")
    assert "requires a certificate of the client (mutual TLS)" in line
    assert "stunnel" in line


def test_a_message_that_is_an_object_is_repeated():
    wrong = {"detail": [{"loc": ["body", "model"], "msg": "Field required"}]}
    assert "Field required" in said(422, {"object": "error", "message": wrong}).message


def test_a_detail_that_is_an_object_tells_its_words():
    """As KoboldCpp's."""
    told = {"msg": "Server is busy; please try again later.", "type": "service_unavailable"}
    raised = said(503, {"detail": told})
    assert (type(raised), raised.message) == (FAILED, told["msg"])
    assert said(400, {"detail": {"field": "x"}}).message == '{"field": "x"}'


def test_a_message_of_many_quotation_marks_takes_no_time():
    began = time.thread_time()
    for mark in "“「'\"`":
        said(400, refusal(mark * 60_000))
        said(400, refusal(f"model {mark}" * 9_000))
    assert time.thread_time() - began < 2


def test_a_service_s_own_403_is_about_the_account():
    raised = said(403, {"error": {"message": "Access denied.", "code": "access_denied"}})
    assert "firewall" not in raised.line("en")


@pytest.mark.parametrize("code", [13, 14, 17, 100, 110, 111])
@pytest.mark.parametrize("name", ["retcode", "code", "ret_code"])
def test_a_small_number_of_another_server_is_not_read_by_baidu_s_table(code, name):
    raised = said(200, {name: code, "msg": "boom", "retmsg": "boom"})
    assert type(raised) is errors.ServiceError
    assert "boom" in raised.line("en")
    assert type(said(200, {"error_code": code, "error_msg": "boom"})) in (KEY, MONEY)


@pytest.mark.parametrize(
    ("message", "code", "subject"),
    [
        ("Input data may contain inappropriate content.", "DataInspectionFailed", "the prompt did"),
        ("Content Exists Risk", "content_filter", "the prompt did"),
        ("filtered due to the prompt", "content_filter", "the prompt did"),
        ("Output data may contain inappropriate content.", "data_inspection_failed", "what the"),
        ("Output data may contain inappropriate content.", "DataInspectionFailed", "what the"),
        ("the content may be sensitive", "OutputTextSensitiveContentDetected", "what the"),
        ("output new_sensitive", "1027", "what the"),
        ("Output blocked by content filtering policy", "content_filter", "what the"),
        ("模型生成的内容未通过审核", "content_filter", "what the"),
        ("Input or output data may contain inappropriate content.", "DataInspectionFailed", "the prompt, or"),
        ("系统检测到输入或生成内容可能包含不安全或敏感内容", "1301", "the prompt, or"),
        ("flagged: 'output of a violent film'", "content_filter", "the prompt did"),
    ],
)  # fmt: skip
def test_content_review_is_told_of_what_it_refused(message, code, subject):
    raised = said(400, refusal(message, code))
    assert type(raised) is UNSAFE
    assert raised.what.en.startswith(subject)


BLIND, CROWDED, TOOLLESS = "does not see pictures", "too many pictures", "has used tools"


@pytest.mark.parametrize(
    ("status", "message", "told"),
    [
        # DeepSeek, vLLM, llama.cpp, Zhipu, Volcengine, OpenRouter, SiliconFlow, OpenAI
        (
            400,
            (
                "Failed to deserialize the JSON body into the target type: messages[0]: unknown variant "
                "`image_url`, expected `text` at line 1 column 200"
            ),
            BLIND,
        ),
        (400, "m1 is not a multimodal model", BLIND),
        (500, "image input is not supported - hint: you may need to provide the mmproj", BLIND),
        (
            400,
            "API 调用参数有误，请检查文档。messages.content.type 参数非法，取值范围 ['text']",
            BLIND,
        ),
        (
            400,
            (
                "The parameter `messages.content.type` specified in the request are not valid: invalid "
                "value: `image_url`, supported values are: `text`"
            ),
            BLIND,
        ),
        (404, "No endpoints found that support image input", BLIND),
        (
            400,
            "The model is not a VLM (Vision Language Model). Please use text-only prompts.",
            BLIND,
        ),
        (400, "Invalid content type. image_url is only supported by certain models.", BLIND),
        (400, "该模型不支持图片输入", BLIND),
        # vLLM, Groq, Anthropic, Zhipu
        (400, "At most 1 image(s) may be provided in one request.", CROWDED),
        (400, "Too many images provided. This model supports up to 5 images", CROWDED),
        (400, "messages.0.content: too many images", CROWDED),
        (400, "图片数量超过限制", CROWDED),
        # LiteLLM before Bedrock and before Anthropic, and these themselves
        (
            400,
            (
                "litellm.UnsupportedParamsError: Bedrock doesn't support tool calling without `tools=` "
                "param specified. Pass `tools=` param OR set `litellm.modify_params = True`"
            ),
            TOOLLESS,
        ),
        (400, "Anthropic expects the `tools=` param to be passed in.", TOOLLESS),
        (
            400,
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
            TOOLLESS,
        ),
        (
            400,
            "Requests which include `tool_use` or `tool_result` blocks must define tools",
            TOOLLESS,
        ),
    ],
)
def test_what_is_refused_of_pictures_and_tools_is_told(status, message, told):
    error = said(status, refusal(message))
    assert type(error) is BAD
    assert told in error.what.en


@pytest.mark.parametrize(
    "message",
    [
        "stop must be a string",
        "Invalid value: 'describe this picture: it is not a multimodal model' of prompt",
        "messages.0.role: 参数非法",
        "n: at most 4 images",
        "tools: at most 128 tools may be provided",
    ],
)
def test_other_refused_fields_are_not_told_as_pictures(message):
    what = said(400, refusal(message)).what.en
    assert not any(told in what for told in (BLIND, CROWDED, TOOLLESS))
