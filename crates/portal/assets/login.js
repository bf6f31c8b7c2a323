// A login link is /login#TOKEN: what is behind the # is sent to no server. It goes into the form, out of
// the address bar and the history, and the form goes off.
function enter() {
  const token = location.hash.slice(1);
  if (token) {
    history.replaceState(null, "", location.pathname);
    const form = document.getElementById("login");
    form.elements.token.value = token;
    form.submit();
  }
}
// A link that is opened where this page is shown already loads nothing anew.
addEventListener("hashchange", enter);
enter();
