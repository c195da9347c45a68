"""Qianfan's platform beside its models. Each group of calls is an object that the session offers
(`groups` has them all), and a folder of its own, in which `group` is that object:

    ernie.services         services/
    ernie.templates        templates/
    ernie.knowledge        knowledge/
    ernie.apps             apps/
    ernie.tuning           tuning/
    ernie.datasets         datasets/
    ernie.batches          batches/
    ernie.batch_inference  batches/inference
    ernie.files            files

All of them share `console` (requests, pages, tasks that are watched), `creation` (once, confirmed,
and told where it was stopped), `lookup` (things by their names) and `listing` (lists of them).
"""
