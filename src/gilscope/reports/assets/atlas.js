// Rows of a table of calls: found by words, marks and group; sorted by a column, what has no value there last.

function found(row, choice) {
  const { group, marks } = row.dataset
  return (!choice.group || group === choice.group)
    && (!choice.mark || marks.split(" ").includes(choice.mark))
    && choice.words.every(word => row.words.includes(word))
}

function find(form, rows) {
  const { search, group, mark } = Object.fromEntries(new FormData(form))
  const choice = { group, mark, words: search.toLowerCase().split(/\s+/) }
  let count = 0
  for (const row of rows) {
    row.hidden = !found(row, choice)
    count += !row.hidden
  }
  form.querySelector("output").value = `${count} of ${rows.length} calls`
}

function compare(a, b) {
  return typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b
}

function sort(table, heading) {
  const at = heading.cellIndex
  const key = row => at ? parseFloat(row.cells[at].dataset.by) : row.cells[0].textContent
  // Names and words go up first, numbers down: the largest is what one looks for.
  const [first, other] = at < 2 ? ["ascending", "descending"] : ["descending", "ascending"]
  const order = heading.ariaSort === first ? other : first
  for (const each of table.querySelectorAll("th[aria-sort]")) each.ariaSort = "none"
  heading.ariaSort = order
  const sign = order === "ascending" ? 1 : -1
  const pairs = [...table.tBodies[0].rows].map(row => [key(row), row])
  pairs.sort(([a], [b]) => Number.isNaN(a) - Number.isNaN(b) || sign * compare(a, b) || 0)
  table.tBodies[0].append(...pairs.map(([, row]) => row))
}

for (const table of document.querySelectorAll(".atlas")) {
  const form = table.closest("article").querySelector("form")
  const rows = [...table.tBodies[0].rows]
  const groups = form.elements.group.options
  for (const row of rows) {
    row.words = `${row.cells[0].textContent} ${groups[+row.dataset.group + 1].text}`.toLowerCase()
  }
  for (const event of ["input", "change"]) form.addEventListener(event, () => find(form, rows))
  form.addEventListener("submit", event => event.preventDefault())
  for (const heading of table.querySelectorAll("th[aria-sort]")) {
    heading.querySelector("button").addEventListener("click", () => sort(table, heading))
  }
  find(form, rows)
}
