#!/usr/bin/python3
"""Prints one attribute of a DICOM file as pydicom reads it, in UTF-8: read_back.py FILE KEYWORD.
With `charsets` alone: the folder of pydicom's own test files for character sets."""
import os
import sys

import pydicom

if sys.argv[1] == "charsets":
    print(os.path.join(os.path.dirname(pydicom.__file__), "data", "charset_files"))
else:
    dataset = pydicom.dcmread(sys.argv[1], stop_before_pixels=True)
    dataset.decode()
    sys.stdout.buffer.write(str(getattr(dataset, sys.argv[2])).encode("utf-8"))
