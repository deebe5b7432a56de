// Keeps what is typed into a section: when a field is left, and every ten seconds while something changes.
// It reads no answer and holds no rule; without it the form is the same.
"use strict";

(() => {
  const EVERY = 10_000; // milliseconds
  const form = document.querySelector("form[data-draft]");
  const said = document.getElementById("draft-said");
  if (!form || !said) return;

  const typed = () => new URLSearchParams(new FormData(form));
  let kept = "unsaved" in form.dataset ? "" : typed().toString();
  let under = null; // the request that is on its way

  async function keep() {
    const now = typed();
    if (under || now.toString() === kept) return;
    let more = false; // typed meanwhile
    under = new AbortController();
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "POST",
        body: now,
        redirect: "manual", // a session that has ended leads to the login, where nothing is kept
        signal: under.signal,
      });
      if (answer.status === 204) kept = now.toString();
      said.textContent = answer.status === 204 ? form.dataset.kept : form.dataset.lost;
      more = answer.status === 204;
    } catch (error) {
      if (error.name !== "AbortError") said.textContent = form.dataset.lost;
    } finally {
      under = null;
    }
    if (more) keep();
  }

  form.addEventListener("change", keep);
  const clock = setInterval(keep, EVERY);
  form.addEventListener("submit", () => {
    clearInterval(clock);
    form.removeEventListener("change", keep);
    if (under) under.abort();
  });
})();
