"use strict";
// Before anything is drawn: there are scripts, and which theme was chosen in this tab.
document.documentElement.classList.add("js");
try {
  document.documentElement.dataset.theme = sessionStorage.getItem("theme") || "auto";
} catch {
  document.documentElement.dataset.theme = "auto";
}
