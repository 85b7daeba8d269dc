"use strict";
// Before the terminal's own script: gives its socket the token, the page the console's title, and the
// terminal the keys.

// The address is in the history and on the screen: the token does not stay in it. What the session
// of this tab holds is seen by no other port, and is there again when the page is loaded again.
const address = new URL(window.location.href);
if (address.searchParams.has("token")) {
  sessionStorage.setItem("token", address.searchParams.get("token"));
  window.history.replaceState(null, "", "/");
}
const token = sessionStorage.getItem("token");
const TITLE = /\x1b\]2;([^\x07\x1b]*)\x07/g;
const utf8 = new TextDecoder();

const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  constructor(url) {
    super(url, token ? ["lakeshell", `token.${token}`] : ["lakeshell"]);
    this.addEventListener("message", ({ data }) => {
      if (typeof data === "string") {
        const [kind, said] = JSON.parse(data);
        if (kind === "ended") document.getElementById("why").textContent = said;
        return;
      }
      for (const [, title] of utf8.decode(data).matchAll(TITLE)) document.title = title;
    });
  }

  send(data) {
    // The terminal's script goes on when the console has ended.
    if (this.readyState === Plain.OPEN) super.send(data);
  }
};

document.addEventListener("DOMContentLoaded", () => {
  if (!token) document.body.classList.add("unknown");
});

// The terminal is there only when the page has been loaded.
const listen = () => document.querySelector(".xterm-helper-textarea")?.focus();
window.addEventListener("load", () => setTimeout(listen));
window.addEventListener("focus", listen);
