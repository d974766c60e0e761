"""Presses keys on an X server, as a keyboard does; run by the test of the window in a process of its own."""

import ctypes
import sys
import time


def main() -> None:
    """Usage: press_keys.py DISPLAY KEY..., named as X does, such as Left; the pointer is in the window's middle."""
    x11, tests = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
    x11.XOpenDisplay.restype, x11.XStringToKeysym.restype = ctypes.c_void_p, ctypes.c_ulong
    x11.XKeysymToKeycode.restype = ctypes.c_ubyte
    server = ctypes.c_void_p(x11.XOpenDisplay(sys.argv[1].encode()))
    tests.XTestFakeMotionEvent(server, -1, 400, 300, 0)
    for name in sys.argv[2:]:
        key = x11.XKeysymToKeycode(server, ctypes.c_ulong(x11.XStringToKeysym(name.encode())))
        for down in (1, 0):
            tests.XTestFakeKeyEvent(server, key, down, 0)
        x11.XSync(server, 0)
        time.sleep(0.5)  # the window takes one key a frame


if __name__ == "__main__":
    main()
