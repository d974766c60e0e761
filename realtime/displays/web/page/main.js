// The page: which camera, started or not, and what its faces show.

import { Camera } from "./camera.js";
import { Connection } from "./connection.js";
import { Bars, Speech, Timeline } from "./numbers.js";
import { drawFaces, nameOf } from "./picture.js";

const byId = (id) => document.getElementById(id);
const video = byId("video");
const picture = byId("picture");
const camera = new Camera(video);
const speech = new Speech(byId("spoken"));
const times = []; // of the last answers, for the rate
let connection = null;
let bars = null;
let timeline = null;
let budget = 33;
let faces = [];
let followed = null; // id of the face that the bars and the timeline show, as long as it is there
let showing = ""; // what to say while all is well
let mirrored = false;
let wished = null; // whether it's to be mirrored, where somebody said so
let running = false;
let drawing = 0; // the next drawing, where one was asked for
let turns = 0; // starts and stops so far: what a slow start finds changed, it gives up

async function start() {
  const mode = byId("mode").value;
  const turn = (turns += 1);
  setRunning(true);
  say("Connecting.");
  if (mode === "browser") {
    try {
      await camera.open(() => turn === turns);
    } catch (error) {
      if (turn !== turns) return; // the camera may be another start's by now
      stop();
      say(`The camera can't be used: ${error.message}`, true);
      return;
    }
    if (turn !== turns) return;
  }
  video.hidden = mode !== "browser";
  picture.hidden = mode === "browser";
  byId("idle").hidden = true;
  const message = mode === "browser" ? showAnswer : showSource;
  connection = new Connection(mode, { hello: (facts) => greet(facts, mode), message, problem: lose });
  draw();
}

function stop() {
  turns += 1;
  connection?.close();
  connection = null;
  camera.close();
  setRunning(false);
  byId("idle").hidden = false;
  picture.hidden = true;
  show([], null);
  cancelAnimationFrame(drawing);
  draw();
  say("Stopped.");
}

function setRunning(value) {
  running = value;
  byId("run").textContent = running ? "Stop" : "Start";
  byId("mode").disabled = running;
}

function greet(facts, mode) {
  budget = facts.budget;
  byId("mode").options[1].textContent = `of the server: ${facts.source}`;
  if (JSON.stringify(facts.classes) !== JSON.stringify(timeline?.classes)) { // the first, or another run's
    bars = new Bars(byId("bars"), facts.classes);
    timeline = new Timeline(byId("timeline"), facts.classes);
  }
  setMirrored(wished ?? (mode === "browser" || facts.mirror)); // people know themselves mirrored
  camera.forget();
  times.length = 0; // a pause is no rate
  showing = mode === "browser" ? "Showing this device's camera." : `Showing ${facts.source}.`;
  say(showing);
}

function lose(text) {
  camera.forget();
  show([], null);
  say(text, true);
}

function showAnswer(data) {
  const answer = JSON.parse(data);
  show(answer.faces, answer.milliseconds, answer.dropped, camera.answered(answer.frame));
}

function showSource(data) {
  const length = new DataView(data).getUint32(0);
  const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  say(facts.problem ?? showing, facts.problem !== null);
  if (facts.frame === null) {
    connection.send("next");
    return;
  }
  const address = URL.createObjectURL(new Blob([new Uint8Array(data, 4 + length)], { type: "image/jpeg" }));
  const from = connection;
  picture.onload = picture.onerror = (event) => { // the next one is asked for now: one alone is under way
    URL.revokeObjectURL(address);
    if (connection !== from) return; // stopped meanwhile
    if (event.type === "load") show(facts.faces, facts.milliseconds, facts.dropped, null);
    connection.send("next");
  };
  picture.src = address;
}

function show(found, milliseconds, dropped = 0, latency = null) {
  faces = found;
  const now = performance.now();
  const main = found.find((face) => face.id === followed) ?? largest(found);
  followed = main?.id ?? null;
  const others = found.length > 1 ? `, and ${found.length - 1} more` : "";
  byId("who").textContent = main ? `${nameOf(main)}${others}` : "No face";
  bars?.show(main?.probabilities ?? null);
  timeline?.add(main?.probabilities ?? null, now);
  speech.say(byId("who").textContent, now);
  if (milliseconds === null) return;
  times.push(now);
  while (times.length > 30) times.shift();
  const late = milliseconds > budget ? ", late" : "";
  byId("server").textContent = `${milliseconds.toFixed(0)} of ${budget.toFixed(0)} ms${late}`;
  byId("latency").textContent = latency === null ? "-" : `${latency.toFixed(0)} ms`;
  byId("rate").textContent = times.length > 1 ? ((1000 * (times.length - 1)) / (now - times[0])).toFixed(0) : "-";
  byId("dropped").textContent = String(dropped);
}

function largest(found) {
  const area = (face) => face.box[2] * face.box[3];
  return [...found].sort((one, other) => area(other) - area(one))[0] ?? null;
}

function say(text, alarm = false) {
  const place = byId("status");
  place.classList.toggle("alarm", alarm);
  if (place.textContent !== text) place.textContent = text;
}

function toggleMirror() {
  wished = !mirrored;
  setMirrored(wished);
}

function setMirrored(value) {
  mirrored = value;
  byId("mirror").setAttribute("aria-checked", mirrored);
  byId("frame").classList.toggle("mirrored", mirrored);
}

function toggleRun() {
  return running ? stop() : start();
}

// Draw, and again with each frame of the screen as long as something is shown.
function draw() {
  const fromCamera = !video.hidden && video.videoWidth;
  const shown = fromCamera
    ? { width: video.videoWidth, height: video.videoHeight }
    : { width: picture.naturalWidth || 16, height: picture.naturalHeight || 9 };
  drawFaces(byId("overlay"), faces, shown, mirrored);
  if (connection === null) return;
  if (connection.mode === "browser" && connection.ready) {
    if (camera.lost) {
      stop();
      say("The camera gives no more pictures: is it still plugged in? Start opens it again.", true);
      return;
    }
    camera.offer((message) => connection?.send(message));
  }
  drawing = requestAnimationFrame(draw);
}

byId("run").addEventListener("click", toggleRun);
byId("mirror").addEventListener("click", toggleMirror);
byId("frame").addEventListener("keydown", (event) => { // there alone: single letters are also what speech input gives
  if (event.ctrlKey || event.metaKey || event.altKey || ![" ", "m"].includes(event.key)) return;
  event.preventDefault();
  if (event.repeat) return; // a key that is held is pressed once
  if (event.key === " ") toggleRun();
  else toggleMirror();
});
setMirrored(byId("mode").value === "browser");
setInterval(() => timeline?.draw(performance.now()), 250);
draw();
