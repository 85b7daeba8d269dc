"""A lake's files as pyiceberg's file input and output.

In: `files.Files`. Out: the same as pyiceberg asks for it. Adds nothing.
"""

from __future__ import annotations

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

from lakeshell.store.files import Files


class LakeInput(InputFile):
    def __init__(self, files: Files, location: str) -> None:
        super().__init__(location)
        self.files = files

    def __len__(self) -> int:
        return self.files.size(self.location)

    def exists(self) -> bool:
        return self.files.exists(self.location)

    def open(self, seekable: bool = True) -> InputStream:
        stream: InputStream = self.files.open(self.location)
        return stream


class LakeOutput(OutputFile):
    def __init__(self, files: Files, location: str) -> None:
        super().__init__(location)
        self.files = files

    def __len__(self) -> int:
        return self.files.size(self.location)

    def exists(self) -> bool:
        return self.files.exists(self.location)

    def to_input_file(self) -> InputFile:
        return LakeInput(self.files, self.location)

    def create(self, overwrite: bool = False) -> OutputStream:
        if not overwrite and self.exists():
            raise FileExistsError(self.location)
        return self.files.create(self.location)


class LakeFileIO(FileIO):
    def __init__(self, files: Files) -> None:
        super().__init__()
        self.files = files

    def new_input(self, location: str) -> InputFile:
        return LakeInput(self.files, location)

    def new_output(self, location: str) -> OutputFile:
        return LakeOutput(self.files, location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        self.files.delete(location if isinstance(location, str) else location.location)
