"""Qianfan's platform beside its models: services, templates, knowledge bases, data, tuning."""
