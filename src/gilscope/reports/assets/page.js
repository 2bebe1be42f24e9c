const root = document.documentElement
const prefersDark = matchMedia("(prefers-color-scheme: dark)")
// What the other scripts add: what is to be done with a theme, and what is under way before the page is ready.
const painters = []
const started = []

function theme() {
  return root.dataset.theme || (prefersDark.matches ? "dark" : "light")
}

// What is drawn follows at once, so that it is right when the browser prints.
function colour(name) {
  for (const paint of painters) paint(name)
}

document.getElementById("theme").addEventListener("click", () => {
  root.dataset.theme = theme() === "dark" ? "light" : "dark"
  colour(theme())
})
prefersDark.addEventListener("change", () => colour(theme()))
addEventListener("beforeprint", () => colour("light"))
addEventListener("afterprint", () => colour(theme()))
