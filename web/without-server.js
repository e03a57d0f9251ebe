// Not a module, so that it runs where modules may not: in a page opened from a folder.
if (location.protocol === "file:") {
  const message = document.getElementById("page-message");
  message.textContent =
    "Browsers let no page that was opened as a file start workers. Serve this folder: npm run web, or any web server.";
  message.hidden = false;
}
