"""`ernie.batches` (`group`), a table's rows as one batch (`rows`), and `ernie.batch_inference`
(`inference`), whose data are on BOS.
"""
