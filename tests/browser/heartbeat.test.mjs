// Holds the heartbeat that the model counts (`fedisim metrics --sizes`) to the request that a real browser sends, line by line: a page posts
// the player's body to a server of its own, which counts the bytes that come over the socket. FEDISIM names the program, CHROMIUM the
// browser.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { test } from "node:test";
import { chromium } from "playwright-core";

const PAGE = "<!doctype html><title>A video</title>";
const SESSION = "abcdefghijklmnopqrstuvwxyz012345";
const UUID = "11111111-2222-4333-8444-000000000007";
const SHORT_UUID = "kkGMgK9ZtnKfYAgnEtQxbv";

/** Cuts the first whole request out of what has come; undefined while it is not whole. */
function whole(come) {
  const end = come.indexOf("\r\n\r\n") + 4;
  if (end < 4) return undefined;
  const body = Number(/content-length: (\d+)/i.exec(come.slice(0, end))?.[1] ?? 0);
  return come.length < end + body ? undefined : come.slice(0, end + body);
}

/** A server that shows a page and answers a POST with 204, and the raw requests that came. */
async function listen() {
  const requests = [];
  const server = createServer((socket) => {
    let come = "";
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      come += bytes.toString("latin1");
      for (let request = whole(come); request !== undefined; request = whole(come)) {
        come = come.slice(request.length);
        requests.push(request);
        socket.write(request.startsWith("POST ")
          ? "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n"
          : `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${PAGE.length}\r\n\r\n${PAGE}`);
      }
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { server, requests, host: `localhost:${server.address().port}` };
}

/** What the browser sends for two heartbeats. A page of localhost is as secure as one over TLS. */
async function measured() {
  const { server, requests, host } = await listen();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://${host}/w/${SHORT_UUID}`);
    for (const currentTime of [100, 105]) {
      await page.evaluate(async ([uuid, body]) => {
        const headers = { "Content-type": "application/json; charset=UTF-8" };
        const answer = await fetch(`/api/v1/videos/${uuid}/views`, { method: "POST", headers, body });
        if (answer.status !== 204) throw new Error(`${answer.status}`);
      }, [UUID, JSON.stringify({ currentTime, sessionId: SESSION })]);
    }
  } finally {
    await browser.close();
    server.close();
  }
  return requests.filter((request) => request.startsWith("POST ")).map((request) => request.replaceAll(`http://${host}`, "https://origin.example").replaceAll(host, "origin.example"));
}

/** The parts of a request and their bytes. What differs between versions of one browser is made equal: its number and its made-up brand. */
function parts(request) {
  const end = request.indexOf("\r\n\r\n") + 4;
  const lines = request.slice(0, end - 2).replace("HeadlessChrome/", "Chrome/").split("\r\n");
  const line = (text, number) => [number === 0 ? "first line" : text.split(":")[0] || "empty line", text.length + 2];
  const known = lines.map((text) => text.replace(/Chrome\/\d+/, "Chrome/156").replace(/^(sec-ch-ua: ).*"Chromium";v="\d+".*$/, '$1"Not:A-Brand";v="8", "Chromium";v="156"'));
  return [...known.map(line), ["body", request.length - end]];
}

/** The parts that the model counts. */
function modelled() {
  const sizes = execFileSync(process.env.FEDISIM ?? "fedisim", ["metrics", "--sizes"], { encoding: "utf8" });
  const [, sum, listed] = /^\| any, request \| (\d+) \| (.*) \|$/m.exec(sizes);
  return { sum: Number(sum), parts: [...listed.matchAll(/`([^`]+)` (\d+)/g)].map(([, name, bytes]) => [name, Number(bytes)]) };
}

test("a heartbeat has the lines and bytes that a browser sends", async () => {
  const [first, second, ...others] = await measured();
  assert.equal(others.length, 0);
  assert.equal(second.length, first.length, "every heartbeat of a kept connection is alike");
  assert.ok(first.endsWith(`{"currentTime":100,"sessionId":"${SESSION}"}`), first);
  console.log(`${first.length} bytes by ${/Chrome\/[\d.]+/.exec(first)}, ${modelled().sum} in the model`);
  assert.deepEqual(parts(first), modelled().parts);
  assert.equal(parts(first).reduce((sum, [, bytes]) => sum + bytes, 0), modelled().sum);
});
