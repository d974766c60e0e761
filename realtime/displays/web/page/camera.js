// This device's camera, as JPEGs of its newest frame.

const LONGEST = 640; // pixels sent: faces stay large enough, and a frame stays near 40 kB
const QUALITY = 0.85;
const IN_FLIGHT = 2; // one under way while the other is worked on; the newest frame wins over both
const LOST = 3000; // milliseconds after which an unanswered frame is taken for lost

export class Camera {
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.sent = new Map(); // frame number -> when it was taken
    this.number = 0;
    this.grabbing = false;
    this.fresh = true;
    this.watch();
  }

  // Open the camera, which may take as long as the user thinks about it; one that `isWanted` doesn't want any more by then
  // is given free at once. From then on `close` ends it.
  async open(isWanted) {
    if (!navigator.mediaDevices) {
      throw new Error("browsers give the camera only to pages of this machine or with https: open an SSH tunnel");
    }
    const video = { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: "user" };
    const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    if (!isWanted()) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    this.stream = stream;
    this.video.srcObject = stream;
    await this.video.play();
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
  }

  get lost() {
    return this.stream?.getVideoTracks()[0]?.readyState === "ended";
  }

  // Note each picture that the camera gives: a screen draws more often. A browser that doesn't tell sends as often as it
  // draws, and the server leaves out what is too much.
  watch() {
    this.video.requestVideoFrameCallback?.(() => {
      this.fresh = true;
      this.watch();
    });
  }

  // Give the newest frame to `send` unless it was sent before or enough are under way.
  async offer(send) {
    const now = performance.now();
    for (const [number, at] of this.sent) if (now - at > LOST) this.sent.delete(number);
    if (this.grabbing || this.sent.size >= IN_FLIGHT || this.video.readyState < 2) return;
    if (!this.fresh) return;
    this.grabbing = true;
    this.fresh = !this.video.requestVideoFrameCallback;
    const blob = await this.grab();
    this.grabbing = false;
    if (!blob) return;
    this.number = (this.number + 1) % 2 ** 32;
    const head = new DataView(new ArrayBuffer(4));
    head.setUint32(0, this.number);
    this.sent.set(this.number, now);
    send(new Blob([head, blob]));
  }

  // Note the answer to a frame; older ones that were left out are answered with it. Returns milliseconds.
  answered(number) {
    const at = this.sent.get(number);
    for (const older of this.sent.keys()) if (older <= number) this.sent.delete(older);
    return at === undefined ? null : performance.now() - at;
  }

  forget() {
    this.sent.clear();
  }

  grab() {
    const { videoWidth, videoHeight } = this.video;
    const factor = Math.min(1, LONGEST / Math.max(videoWidth, videoHeight));
    this.canvas.width = Math.round(videoWidth * factor);
    this.canvas.height = Math.round(videoHeight * factor);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    return new Promise((done) => this.canvas.toBlob(done, "image/jpeg", QUALITY));
  }
}
