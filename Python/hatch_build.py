"""Marks the wheel as one for this platform and for every Python: the engine is a library that ctypes loads."""

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

version = "0.1.0"


class Hook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict) -> None:
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-linux_x86_64"
