/* Passkeys: turns the server's options into what the browser wants, and its answer back into text.
   A form says what it does: data-passkey="make" | "use" | "sign-in". */
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => buffer && btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (keys) => (keys || []).map((key) => ({ ...key, id: bytes(key.id) }));

  const make = async ({ publicKey }) => {
    const credential = await navigator.credentials.create({ publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: listed(publicKey.excludeCredentials),
      authenticatorSelection: { ...publicKey.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required" },
    } });
    const { response } = credential;
    return { ...base(credential), response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      transports: response.getTransports?.() || [],
    } };
  };

  const use = async ({ publicKey }) => {
    const credential = await navigator.credentials.get({ publicKey: {
      ...publicKey, challenge: bytes(publicKey.challenge), allowCredentials: listed(publicKey.allowCredentials),
    } });
    const { response } = credential;
    return { ...base(credential), response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: text(response.userHandle) || null,
    } };
  };

  const base = (credential) => ({
    id: credential.id, rawId: text(credential.rawId), type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment || null,
    clientExtensionResults: credential.getClientExtensionResults(),
  });

  const options = async (form) => {
    if (form.dataset.passkey !== "sign-in") {
      const given = JSON.parse(document.getElementById("passkey-options").textContent);
      return given.creation_options || given.request_options;
    }
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status === 429 ? "Too many tries. Please wait a minute." : "The server did not answer.");
    return (await answer.json()).request_options;
  };

  const excuse = (error) => ({
    NotAllowedError: "Nothing happened: it was stopped, or it took too long. Please try again.",
    InvalidStateError: "This device already has a passkey for you.",
    SecurityError: "Passkeys need the clinic's own address with https.",
  })[error.name] || error.message;

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button[type=button]");
    const trouble = form.querySelector("[data-passkey-error]");
    const say = (words) => { trouble.textContent = words; trouble.hidden = !words; };
    if (!window.PublicKeyCredential) { button.hidden = form.dataset.passkey !== "make"; if (!button.hidden) say("This browser has no passkeys."); continue; }
    if (/^[\d.]+$|^\[/.test(location.hostname)) {
      if (form.dataset.passkey === "make") say("Passkeys work with a name, not with a bare number: open this page as http://localhost instead.");
      else form.hidden = true;
      continue;
    }
    button.disabled = false;
    button.addEventListener("click", async () => {
      say("");
      button.disabled = true;
      try {
        const wanted = await options(form);
        const credential = await (form.dataset.passkey === "make" ? make(wanted) : use(wanted));
        form.elements.credential.value = JSON.stringify(credential);
        form.submit();
      } catch (error) { say(excuse(error)); button.disabled = false; }
    });
  }
})();
