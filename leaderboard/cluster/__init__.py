"""`hydra/launcher=dask`: the runs of a sweep on the workers of a Dask cluster, on one machine or on many.

The folder of results stays the only truth. What stands in its `.sweeps` may be deleted at any time.
"""
