// Not a module, since browsers run no modules in a page that was opened as a file.
if (location.protocol === "file:") {
  const message = document.getElementById("page-message");
  message.textContent =
    "A page that was opened as a file may not start workers. Serve this folder: by npm run web, or by any web server.";
  message.hidden = false;
}
