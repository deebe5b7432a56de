// Keeps what is typed into a section: when a field is left, and every ten seconds while something changes.
// It reads no answer and holds no rule; without it the form is the same.
"use strict";

(() => {
  const EVERY = 10_000, PATIENCE = 8_000; // milliseconds
  const OUT = 401, OTHER = 403, OURS = 500; // as a login would say, and another one's; from here on it is the server's fault
  const form = document.querySelector("form[data-draft]");
  const said = document.getElementById("draft-said");
  const raised = document.getElementById("raised"); // what was ticked and cannot wait, as the server words it
  if (!form || !said || !raised) return;

  const typed = () => new URLSearchParams(new FormData(form));
  let kept = "unsaved" in form.dataset ? "" : answers();
  let refused = null; // the same is not sent twice
  let isOut = false;
  let isBusy = false;

  function answers() {
    const all = typed();
    all.delete("csrfmiddlewaretoken");
    return all.toString();
  }

  function say(words) {
    if (said.textContent !== words) said.textContent = words;
  }

  async function ask(address, request) {
    try {
      return await fetch(address, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE), ...request });
    } catch {
      return new Response(null, { status: OURS });
    }
  }

  async function send() {
    const body = typed();
    body.set("shown", raised.firstElementChild?.dataset.shown ?? "");
    const answer = await ask(form.dataset.draft, { method: "POST", body });
    if (answer.status === 200) raised.innerHTML = await answer.text();
    if (answer.type === "opaqueredirect") return OUT;
    return answer.status === 200 ? 204 : answer.status; // either way it is kept
  }

  // Who logged in again in another tab has another token there.
  async function renew() {
    const answer = await ask(location.href);
    if (answer.type === "opaqueredirect" || !answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("form[data-draft]");
    if (page?.dataset.who !== form.dataset.who) return false; // what one person typed is nobody else's answer
    form.elements.csrfmiddlewaretoken.value = page.elements.csrfmiddlewaretoken.value;
    return true;
  }

  async function keep() {
    const now = answers();
    if (isBusy || now === kept || now === refused) return;
    isBusy = true;
    let status = await send();
    if (status === OTHER && (await renew())) status = await send();
    isBusy = false;
    isOut = status === OUT || status === OTHER;
    if (status === 204) kept = now;
    else if (status < OURS && status !== OUT) refused = now; // each try of another person would be a reading of theirs
    const { dataset } = form;
    say(status === 204 ? dataset.kept : status >= OURS ? dataset.away : isOut ? dataset.out : dataset.refused);
    if (status === 204 && answers() !== kept) keep();
  }

  form.addEventListener("input", () => {
    if (said.textContent === form.dataset.kept) say("");
  });
  form.addEventListener("change", keep);
  form.addEventListener("submit", async (event) => {
    if (!isOut) return;
    event.preventDefault(); // it would end at the login, and what was typed with it
    if (await renew()) {
      isOut = false;
      form.requestSubmit(event.submitter);
    } else say(form.dataset.out);
  });
  setInterval(keep, EVERY);
})();
