"""One page that shows the faces of the browser's own camera, or of this machine's source."""
