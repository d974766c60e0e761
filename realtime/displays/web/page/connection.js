// The WebSocket to our server: comes back by itself after growing pauses.

const SHORTEST = 500;
const LONGEST = 10000;

export class Connection {
  // handlers: hello(facts), message(data), problem(text)
  constructor(mode, handlers) {
    this.mode = mode;
    this.handlers = handlers;
    this.pause = SHORTEST;
    this.ended = false;
    this.open();
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/live/${this.mode}`);
    this.socket.binaryType = "arraybuffer";
    let greeted = false;
    this.socket.onmessage = (event) => {
      if (greeted) {
        this.handlers.message(event.data);
        return;
      }
      greeted = true;
      this.pause = SHORTEST;
      this.handlers.hello(JSON.parse(event.data));
    };
    this.socket.onclose = async (event) => this.again(event.reason || (greeted ? "" : await refusal()));
  }

  again(reason) {
    if (this.ended) return;
    const seconds = this.pause / 1000;
    this.handlers.problem(`No connection${reason ? ` (${reason})` : ""}. Trying again in ${seconds} s.`);
    this.timer = setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST);
  }

  get ready() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  send(data) {
    if (this.ready) this.socket.send(data);
  }

  close() {
    this.ended = true;
    clearTimeout(this.timer);
    this.socket.close();
  }
}

// Why the server lets nobody in: of a refused handshake a page learns nothing, of a refused request all.
async function refusal() {
  try {
    const answer = await fetch(location.pathname, { signal: AbortSignal.timeout(LONGEST) });
    return answer.ok ? "" : (await answer.text()).trim();
  } catch {
    return ""; // there's no server
  }
}
