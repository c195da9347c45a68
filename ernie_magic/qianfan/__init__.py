"""Qianfan's platform beside its models. Each group of calls is an object that the session offers
(`groups` has them all), and a file of its own; what it needs stands beside it:

    ernie.services         services; endpoint_choice: which one a session uses
    ernie.templates        templates; prompt_template: its rules; template_files: stored here;
                           template_service: on Qianfan; frameworks, optimization, evaluation
    ernie.knowledge        knowledge; knowledge_calls, knowledge_records: sent, and told
    ernie.apps             apps; app_run: one question with its tools and files
    ernie.tuning           tuning; hyperparameters, tuning_plan: what would be created;
                           tuning_creation: once; tuning_tasks: what the platform tells; publication
    ernie.datasets         datasets; dataset_calls, dataset_records: what is sent, and told
                           (the data itself is read and written by ernie_magic.calls.datasets)
    ernie.files            files
    ernie.batches          batches; batch_rows: a table's rows as one batch
    ernie.batch_inference  batch_inference

All of them share `console` (requests, pages, tasks that are watched), `creation` (once, confirmed,
and told where it was stopped), `lookup` (things by their names) and `listing` (lists of them).
"""
