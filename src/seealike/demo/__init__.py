"""The embedded default: a folder with real images, small trained networks and a study file, made offline.

Everything that `seealike.demo.make.make` writes is what a user's own folder holds: arrays, safetensors, a
models.csv and a study.yaml. The ordinary line runs on it; nothing else in seealike knows this room.
"""
