"""Where the faces are shown: a window, a file, a web page, or nowhere."""
