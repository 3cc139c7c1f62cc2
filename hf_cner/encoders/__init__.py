"""Published encoders, in all usual forms, read into a clean encoder in memory.

`open_encoder` (`published.py`) is the entrance. `fetch` finds the folder, `locate` its weight files, `weights` reads
them without running code, `configuration` and `model_type` mend the configuration, `names` brings the names of weights
to those of the model class, `trial` encodes a few texts, and `write` saves the result as a folder that plain
transformers loads.
"""
